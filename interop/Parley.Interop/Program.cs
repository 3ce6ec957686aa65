using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Parley.Interop;
using Parley.Mls.Crypto;
using Parley.Mls.Native;

// Usage: parley-interop [PORT [ADDRESS]]. Port 0, the default, takes any free one; the address is this machine's own unless another is named.
int port = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 0;
IPAddress address = args.Length > 1 ? IPAddress.Parse(args[1]) : IPAddress.Loopback;

WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
builder.Logging.SetMinimumLevel(LogLevel.Warning);
// The test runner speaks HTTP/2 without TLS.
builder.WebHost.ConfigureKestrel(options => options.Listen(address, port, static listen => listen.Protocols = HttpProtocols.Http2));
// A test runner wants to know what went wrong; nothing here is anybody's secret.
builder.Services.AddGrpc(static options => options.EnableDetailedErrors = true);
using var service = new MlsClientService(new NativeCryptoProvider(RandomSource.System), TimeProvider.System);
builder.Services.AddSingleton(service);

await using WebApplication app = builder.Build();
app.MapGrpcService<MlsClientService>();
await app.StartAsync();
string listening = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single(); // Kestrel has it, and it was told one.
Console.WriteLine($"Listening on {listening}");
await app.WaitForShutdownAsync();
