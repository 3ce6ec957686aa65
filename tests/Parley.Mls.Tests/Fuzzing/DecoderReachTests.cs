using System.Buffers.Binary;
using System.Diagnostics.Tracing;
using System.Formats.Asn1;
using System.Reflection;
using System.Runtime.Loader;
using Parley.Mls.Groups;
using Parley.Mls.Messages.Codec;

namespace Parley.Mls.Tests.Fuzzing;

/// <summary>
/// No decoder without a fuzz target. A decoder is whatever makes or takes a <see cref="TlsReader"/> or an <see cref="AsnReader"/>, found by
/// reflection; which of them run is told by the runtime, which compiles a method when it first runs.
/// </summary>
public sealed class DecoderReachTests
{
    private static readonly Assembly[] Libraries = [typeof(Group).Assembly, typeof(Tls).Assembly];

    [Fact]
    public void Every_decoder_is_run_by_a_target()
    {
        HashSet<string> decoders = [.. Libraries.SelectMany(static library => library.GetTypes()).SelectMany(DecodersOf)];
        Assert.Empty(
            new HashSet<string>(StringComparer.Ordinal)
            {
                "Parley.Mls.Messages.Framing.MlsMessage.Read", "Parley.Mls.Messages.Components.AppDataDictionary.Read", "Parley.Mls.Groups.GroupSecrets.Decode",
                "Parley.Mls.Groups.PastEpoch.Restore", "Parley.Mls.Groups.KeyPackageBundle.Restore", "Parley.Mls.Groups.PendingExternalCommit.Restore",
                "Parley.Mls.Schedule.SecretTree.Restore", "Parley.Mls.Framing.PrivateMessages.ReadContent", "Parley.Mls.Validation.X509Rules.SubjectPublicKeyInfo",
            }.Except(decoders));
        HashSet<string> run = RunByTargets();
        Assert.DoesNotContain("Parley.Mls.Groups.Group.Reinitialize", run); // No target calls it: what is told is worth something.
        Assert.Empty(decoders.Except(run)); // A new decoder? Let a target reach it: an input, or a target of its own.
    }

    private static IEnumerable<string> DecodersOf(Type type)
    {
        const BindingFlags all = BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;
        return type.GetMethods(all).Concat<MethodBase>(type.GetConstructors(all))
            .Where(static method => method.GetMethodBody() is not null)
            .Where(static method => method.GetParameters().Any(static parameter => IsReader(parameter.ParameterType)) || MakesReader(method))
            .Select(method => $"{type.FullName}.{method.Name}");
    }

    private static bool IsReader(Type type) => type == typeof(TlsReader) || type == typeof(AsnReader);

    /// <summary>Whether there is a <c>newobj</c> of a reader in the method's code.</summary>
    private static bool MakesReader(MethodBase method)
    {
        const byte newObject = 0x73;
        byte[] code = method.GetMethodBody()?.GetILAsByteArray() ?? [];
        for (int i = 0; i + sizeof(int) < code.Length; i++)
        {
            if (code[i] == newObject && IsConstructorOfReader(method.Module, BinaryPrimitives.ReadInt32LittleEndian(code.AsSpan(i + 1))))
                return true;
        }

        return false;
    }

    private static bool IsConstructorOfReader(Module module, int token)
    {
        try
        {
            return module.ResolveMethod(token)?.DeclaringType is { } type && IsReader(type);
        }
        catch (Exception other) when (other is ArgumentException or BadImageFormatException)
        {
            return false; // The byte was part of another instruction.
        }
    }

    /// <summary>Runs all targets on all that is kept for them in assemblies loaded anew, none of whose methods has been compiled.</summary>
    private static HashSet<string> RunByTargets()
    {
        using var compiled = new CompiledMethods();
        var context = new FreshContext();
        Type targets = context.LoadFromAssemblyName(typeof(FuzzTarget).Assembly.GetName()).GetType(typeof(FuzzTarget).FullName!, throwOnError: true)!;
        targets.GetMethod(nameof(FuzzTarget.RunKept))!.Invoke(null, []);
        return compiled.UntilEnd();
    }

    /// <summary>The libraries and the targets once more.</summary>
    private sealed class FreshContext() : AssemblyLoadContext("fuzz targets")
    {
        protected override Assembly? Load(AssemblyName assemblyName)
        {
            bool isFresh = assemblyName.Name is "Parley.Mls" or "Parley.Mls.Messages" or "Parley.Mls.Native" or "Parley.Mls.BouncyCastle" or "Parley.Mls.Tests";
            return isFresh ? LoadFromAssemblyPath(Path.Combine(AppContext.BaseDirectory, assemblyName.Name + ".dll")) : null;
        }
    }

    /// <summary>What the runtime compiles, and on which thread: other tests run at the same time.</summary>
    private sealed class CompiledMethods : EventListener
    {
        private const string Runtime = "Microsoft-Windows-DotNETRuntime";
        private const EventKeywords Compilation = (EventKeywords)0x10;

        private readonly List<(long Thread, string Method)> _methods = [];
        private readonly ManualResetEventSlim _ended = new();

        public HashSet<string> UntilEnd()
        {
            Assert.True(_ended.Wait(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken), "The runtime did not tell which methods it compiled.");
            lock (_methods)
                return [.. _methods.Where(compiled => compiled.Thread == _methods[^1].Thread).Select(static compiled => compiled.Method)];
        }

        public override void Dispose()
        {
            base.Dispose();
            _ended.Dispose();
        }

        protected override void OnEventSourceCreated(EventSource eventSource)
        {
            if (eventSource.Name == Runtime)
                EnableEvents(eventSource, EventLevel.Verbose, Compilation);
        }

        protected override void OnEventWritten(EventWrittenEventArgs eventData)
        {
            // MethodLoadVerbose: id, module, address, size, token, flags, namespace, name, signature.
            if (eventData.EventName?.StartsWith("MethodLoadVerbose", StringComparison.Ordinal) != true || eventData.Payload is not { Count: > 7 } payload)
                return;
            string method = $"{payload[6]}.{payload[7]}";
            if (_ended.IsSet || !method.StartsWith("Parley.Mls.", StringComparison.Ordinal))
                return;
            lock (_methods) // The list, between the thread that brings events and the test.
                _methods.Add((eventData.OSThreadId, method));
            if (method == $"{typeof(FuzzTarget).FullName}.{nameof(FuzzTarget.Ended)}")
                _ended.Set();
        }
    }
}
