namespace CtfService.Api.Configuration;

/// <summary>Where settings come from, beside what every ASP.NET Core host reads.</summary>
internal static class SettingSources
{
    /// <summary>Puts <c>ASPNETCORE_URLS</c> and its like above appsettings.json. By default they rank below, so the file's <c>Urls</c> would silently win.</summary>
    public static void AddSettingSources(this IConfigurationBuilder configuration, string[] args) =>
        configuration.AddEnvironmentVariables("ASPNETCORE_").AddCommandLine(args);
}
