using Grpc.Core;
using Parley.Interop.Wire;

namespace Parley.Interop.Tests.Scenarios;

/// <summary>Calls a client of the working group's interface directly, in this process and on this thread.</summary>
internal sealed class InProcessInvoker : CallInvoker
{
    private readonly Dictionary<string, Delegate> _methods = new(StringComparer.Ordinal);

    public InProcessInvoker(MLSClient.MLSClientBase service) => MLSClient.BindService(new Binder(_methods), service);

    public override TResponse BlockingUnaryCall<TRequest, TResponse>(Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request)
    {
        var call = (UnaryServerMethod<TRequest, TResponse>)_methods[method.FullName];
        return call(request, null!).GetAwaiter().GetResult(); // The service looks at no context, and its answers are ready.
    }

    public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request) =>
        throw new NotSupportedException();

    public override AsyncServerStreamingCall<TResponse> AsyncServerStreamingCall<TRequest, TResponse>(Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request) =>
        throw new NotSupportedException();

    public override AsyncClientStreamingCall<TRequest, TResponse> AsyncClientStreamingCall<TRequest, TResponse>(Method<TRequest, TResponse> method, string? host, CallOptions options) =>
        throw new NotSupportedException();

    public override AsyncDuplexStreamingCall<TRequest, TResponse> AsyncDuplexStreamingCall<TRequest, TResponse>(Method<TRequest, TResponse> method, string? host, CallOptions options) =>
        throw new NotSupportedException();

    private sealed class Binder(Dictionary<string, Delegate> methods) : ServiceBinderBase
    {
        public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, UnaryServerMethod<TRequest, TResponse>? handler) =>
            methods.Add(method.FullName, handler!); // Null only where the methods are found by reflection.
    }
}
