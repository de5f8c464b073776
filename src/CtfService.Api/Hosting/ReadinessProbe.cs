using CtfService.Api.Configuration;


namespace CtfService.Api.Hosting;

/// <summary>
/// Implements <c>CtfService.Api --healthcheck</c>: asks the local service whether it is ready, for containers without another HTTP client. Reads the
/// settings of the service to find its address, and loads nothing else.
/// </summary>
internal static class ReadinessProbe
{
    public const string Argument = "--healthcheck";

    private const int Well = 0;
    private const int Unwell = 1;

    /// <summary>Timeout; a slower service is not usable.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    public static bool IsAskedFor(string[] args) => args.Contains(Argument);

    /// <summary>Returns the exit code: 0 if <c>/health/ready</c> returns 200, otherwise 1 with the reason on standard error.</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        string[] settings = [.. args.Where(argument => argument != Argument)];
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = settings, ContentRootPath = AppContext.BaseDirectory });
        builder.Configuration.AddSettingSources(settings);
        if (Address(builder.Configuration) is not { } address)
        {
            return await Fail("The settings contain no http or https address of this machine. Set Urls, such as http://*:8080.");
        }

        return await AskAsync(address, Host(builder.Configuration["AllowedHosts"]));
    }

    /// <summary>Returns the address for local clients: the first http address, otherwise the first https address; null if there is neither.</summary>
    internal static Uri? Address(IConfiguration configuration) => ListenAddress.Read(configuration)
        .Select(address => address.FromThisMachine)
        .OfType<Uri>()
        .OrderBy(address => address.Scheme) // http before https
        .Select(address => new Uri(address, "/health/ready"))
        .FirstOrDefault();

    /// <summary>Returns a host name that the service accepts; null if it accepts any.</summary>
    internal static string? Host(string? allowed) => (allowed ?? "*").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) switch
    {
        [] => null,
        var names when names.Contains("*") => null,
        [var first, ..] => first.Replace("*", "localhost", StringComparison.Ordinal),
    };

    private static async Task<int> AskAsync(Uri address, string? host)
    {
        using var handler = new SocketsHttpHandler { UseProxy = false };
        // Any name is accepted: nothing secret is sent, and the connection does not leave this machine.
        handler.SslOptions.RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate is not null;
        using var client = new HttpClient(handler) { Timeout = Patience };
        using var question = new HttpRequestMessage(HttpMethod.Get, address);
        question.Headers.Host = host;
        try
        {
            using var answer = await client.SendAsync(question);
            return answer.IsSuccessStatusCode ? Well : await Fail($"{address} returned {(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync()}");
        }
        catch (Exception error) when (error is HttpRequestException or TaskCanceledException)
        {
            return await Fail($"{address} did not respond: {error.Message}");
        }
    }

    private static async Task<int> Fail(string reason)
    {
        await Console.Error.WriteLineAsync(reason);
        return Unwell;
    }
}
