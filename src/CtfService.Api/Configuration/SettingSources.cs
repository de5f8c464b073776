namespace CtfService.Api.Configuration;

/// <summary>Adds the configuration sources beyond those of every ASP.NET Core host.</summary>
internal static class SettingSources
{
    /// <summary>
    /// Gives <c>ASPNETCORE_URLS</c> and similar variables precedence over appsettings.json. By default they rank below, so the <c>Urls</c> of the file
    /// would silently win.
    /// </summary>
    public static void AddSettingSources(this IConfigurationBuilder configuration, string[] args) =>
        configuration.AddEnvironmentVariables("ASPNETCORE_").AddCommandLine(args);
}
