using System.Net;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using Parley.Server.Hosting;

namespace Parley.Server.Telemetry;

/// <summary>
/// OpenTelemetry: metrics and traces go by OTLP to where the standard variables say (<c>OTEL_EXPORTER_OTLP_ENDPOINT</c> and its kin), and
/// Prometheus reads them from an address of its own. Neither is on unless asked for, and the metrics are never at the public address.
/// </summary>
internal static class TelemetryHosting
{
    private const string OtlpEndpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";

    public static void AddTelemetry(this IServiceCollection services, ServerOptions options)
    {
        bool exports = Environment.GetEnvironmentVariable(OtlpEndpoint) is { Length: > 0 };
        if (!exports && options.MetricsListen is null)
            return;
        services.AddOpenTelemetry()
            .ConfigureResource(static resource => resource.AddService("parley-server"))
            .WithMetrics(metrics =>
            {
                metrics.AddMeter(ServerMetrics.Name, "System.Runtime", "Microsoft.AspNetCore.Server.Kestrel", "Npgsql");
                if (exports)
                    metrics.AddOtlpExporter();
                if (options.MetricsListen is not null)
                    metrics.AddPrometheusExporter();
            })
            .WithTracing(traces =>
            {
                traces.AddSource(ServerMetrics.Name);
                if (exports)
                    traces.AddOtlpExporter();
            });
    }

    /// <summary>Serves the metrics at their own address, and nothing else there.</summary>
    public static void UseTelemetry(this WebApplication app, ServerOptions options)
    {
        if (options.MetricsListen is not { } listen)
            return;
        app.UseOpenTelemetryPrometheusScrapingEndpoint(context => IsOf(context, listen) && context.Request.Path == "/metrics");
        app.Use((context, next) =>
        {
            if (!IsOf(context, listen))
                return next(context);
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return Task.CompletedTask;
        });
    }

    private static bool IsOf(HttpContext context, IPEndPoint listen) => context.Connection.LocalPort == listen.Port;
}
