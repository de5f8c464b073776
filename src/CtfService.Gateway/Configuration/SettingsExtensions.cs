using System.Net;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;

namespace CtfService.Gateway.Configuration;

/// <summary>Reads and validates the settings, and applies those that concern the host.</summary>
internal static class SettingsExtensions
{
    /// <summary>The file beside the program that has every setting with its default.</summary>
    public const string FileName = "gateway.json";

    public static void AddSettings(this WebApplicationBuilder builder, string[] args)
    {
        builder.Configuration.AddSettingSources(args);
        builder.Services.AddOptions<GatewayOptions>().BindConfiguration(GatewayOptions.SectionName).ValidateOnStart();
        builder.Services.AddSingleton<IValidateOptions<GatewayOptions>, GatewayOptionsValidator>();
        builder.Services.AddSingleton(provider => provider.GetRequiredService<IOptions<GatewayOptions>>().Value);
        builder.Services.AddOptions<KestrelServerOptions>().Configure(server =>
        {
            server.AddServerHeader = false;
            server.Limits.MaxRequestBodySize = null; // the replicas know their limits, which differ by route
        });
        builder.Services.AddOptions<HostOptions>().Configure<GatewayOptions>((host, gateway) => host.ShutdownTimeout = gateway.ShutdownBudget);
        builder.Services.AddOptions<ForwardedHeadersOptions>().Configure<GatewayOptions>(Trust);
    }

    /// <summary>Reads the settings file first, so that the environment and the command line override it.</summary>
    public static void AddSettingSources(this IConfigurationBuilder configuration, string[] args) => configuration
        .AddJsonFile(Path.Combine(AppContext.BaseDirectory, FileName), optional: false)
        .AddEnvironmentVariables()
        .AddEnvironmentVariables("ASPNETCORE_")
        .AddCommandLine(args);

    /// <summary>A client address from a header counts only if a trusted proxy sent it; without any, the headers are replaced.</summary>
    private static void Trust(ForwardedHeadersOptions headers, GatewayOptions gateway)
    {
        headers.ForwardedHeaders = gateway.TrustedProxies.Count > 0
            ? ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto
            : ForwardedHeaders.None;
        headers.ForwardLimit = null;
        headers.KnownProxies.Clear();
        headers.KnownIPNetworks.Clear();
        foreach (var proxy in gateway.TrustedProxies)
        {
            if (IPAddress.TryParse(proxy, out var address))
            {
                headers.KnownProxies.Add(address);
            }
            else
            {
                headers.KnownIPNetworks.Add(System.Net.IPNetwork.Parse(proxy));
            }
        }
    }
}
