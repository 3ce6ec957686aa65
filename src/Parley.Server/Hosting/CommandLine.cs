using System.CommandLine;
using Parley.Server.Clustering;

namespace Parley.Server.Hosting;

/// <summary>The commands of <c>parley-server</c>.</summary>
internal static class CommandLine
{
    public static RootCommand Create()
    {
        var root = new RootCommand(
            """
            The Parley server: end-to-end-encrypted chat for those you invite. It stores and forwards what it cannot read.

            Start one, then send the link it prints to the first person:
              parley-server run --print-invite
            """);
        root.Subcommands.Add(CreateRun());
        root.Subcommands.Add(CreateInvite());
        return root;
    }

    private static Command CreateRun()
    {
        var listen = new Option<string?>("--listen") { Description = $"Where to listen. Also PARLEY_LISTEN. Default: {ServerOptions.DefaultListen}", HelpName = "URL" };
        Option<string?> data = DataOption();
        Option<string?> database = DatabaseOption();
        var publicUrl = new Option<string?>("--public-url") { Description = "The address that people reach the server by, if it is another one: links begin with it. Also PARLEY_PUBLIC_URL.", HelpName = "URL" };
        var name = new Option<string?>("--name") { Description = "The server's name in its members' certificates, settled at the first start. Also PARLEY_NAME. Default: host and port of the public URL.", HelpName = "NAME" };
        var metricsListen = new Option<string?>("--metrics-listen") { Description = "Where Prometheus may read metrics, under /metrics. Also PARLEY_METRICS_LISTEN. Default: nowhere.", HelpName = "URL" };
        var clusterListen = new Option<string?>("--cluster-listen") { Description = "Be a node of a cluster on one PostgreSQL database, and listen here for the others. Also PARLEY_CLUSTER_LISTEN.", HelpName = "IP:PORT" };
        var clusterAddress = new Option<string?>("--cluster-address") { Description = "Where the other nodes reach this one, if elsewhere. Also PARLEY_CLUSTER_ADDRESS.", HelpName = "IP:PORT" };
        var tlsCertificate = new Option<string?>(TlsSettings.CertificateOption) { Description = "The certificate to listen on https:// with, in PEM. Read again when it changes. Also PARLEY_TLS_CERTIFICATE.", HelpName = "FILE" };
        var tlsKey = new Option<string?>(TlsSettings.KeyOption) { Description = "Its private key, in PEM. Also PARLEY_TLS_KEY.", HelpName = "FILE" };
        var printInvite = new Option<bool>("--print-invite") { Description = "Make an invite and print its link." };
        var run = new Command("run", "Run the server until it is stopped with Ctrl-C.") { listen, tlsCertificate, tlsKey, data, database, publicUrl, name, metricsListen, clusterListen, clusterAddress, printInvite };
        run.SetAction((arguments, cancellationToken) => Startup.RunAsync(
            () =>
            {
                ServerOptions options = ServerOptions.Parse(
                    arguments.GetValue(listen),
                    arguments.GetValue(data),
                    arguments.GetValue(database),
                    arguments.GetValue(publicUrl),
                    arguments.GetValue(name),
                    arguments.GetValue(metricsListen),
                    Environment.GetEnvironmentVariable);
                return options with
                {
                    Tls = TlsSettings.Parse(arguments.GetValue(tlsCertificate), arguments.GetValue(tlsKey), options.IsHttps, Environment.GetEnvironmentVariable),
                    Cluster = ClusterSettings.Parse(arguments.GetValue(clusterListen), arguments.GetValue(clusterAddress), Environment.GetEnvironmentVariable),
                };
            },
            arguments.GetValue(printInvite),
            cancellationToken));
        return run;
    }

    private static Command CreateInvite()
    {
        Option<string?> data = DataOption();
        Option<string?> database = DatabaseOption();
        var uses = new Option<int>("--uses") { Description = "How many people may join with it.", DefaultValueFactory = _ => Startup.DefaultInviteUses, HelpName = "N" };
        var validHours = new Option<int>("--valid-hours") { Description = "Hours until it expires.", DefaultValueFactory = _ => Startup.DefaultInviteHours, HelpName = "H" };
        uses.Validators.Add(result => RequireRange(result, 1, 1000));
        validHours.Validators.Add(result => RequireRange(result, 1, 8760));
        var invite = new Command("invite", "Make an invite and print its link. The server may be running.") { data, database, uses, validHours };
        invite.SetAction((arguments, _) => Startup.InviteAsync(
            () => ServerOptions.ParseStore(arguments.GetValue(data), arguments.GetValue(database), Environment.GetEnvironmentVariable),
            arguments.GetValue(uses),
            arguments.GetValue(validHours)));
        return invite;
    }

    private static Option<string?> DataOption() =>
        new("--data") { Description = "The folder that holds all the server keeps. Also PARLEY_DATA.", HelpName = "DIR" };

    private static Option<string?> DatabaseOption() => new("--database")
    {
        Description = "A PostgreSQL database in place of the folder: postgresql://user:password@host/database. Better set as PARLEY_DATABASE, where no list of processes shows the password.",
        HelpName = "URL",
    };

    private static void RequireRange(System.CommandLine.Parsing.OptionResult result, int min, int max)
    {
        if (result.GetValueOrDefault<int>() is var value && (value < min || value > max))
            result.AddError($"{result.Option.Name} must be from {min} to {max}.");
    }
}
