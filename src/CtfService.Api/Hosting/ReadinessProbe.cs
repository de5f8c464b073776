using CtfService.Api.Configuration;


namespace CtfService.Api.Hosting;

/// <summary>
/// <c>CtfService.Api --healthcheck</c>: asks the service that runs beside it whether it is ready, for containers whose image has no other program to ask with. Reads the settings
/// that the service reads to know where it listens, and loads nothing else.
/// </summary>
internal static class ReadinessProbe
{
    public const string Argument = "--healthcheck";

    private const int Well = 0;
    private const int Unwell = 1;

    /// <summary>A service that answers later than this is of no use to anybody.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    public static bool IsAskedFor(string[] args) => args.Contains(Argument);

    /// <summary>Exit code: 0 where <c>/health/ready</c> answers 200, else 1 with the reason on the error output.</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        string[] settings = [.. args.Where(argument => argument != Argument)];
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = settings, ContentRootPath = AppContext.BaseDirectory });
        builder.Configuration.AddSettingSources(settings);
        if (Address(builder.Configuration) is not { } address)
        {
            return await Fail("The settings name no http or https address of this machine to ask. Set Urls, such as http://*:8080.");
        }

        return await AskAsync(address, Host(builder.Configuration["AllowedHosts"]));
    }

    /// <summary>Where the service can be asked from this machine: its first http address, or its first https one. Null where it has neither.</summary>
    internal static Uri? Address(IConfiguration configuration) => ListenAddress.Read(configuration)
        .Select(address => address.FromThisMachine)
        .OfType<Uri>()
        .OrderBy(address => address.Scheme) // http before https
        .Select(address => new Uri(address, "/health/ready"))
        .FirstOrDefault();

    /// <summary>A name that the service answers to; null where it answers to any.</summary>
    internal static string? Host(string? allowed) => (allowed ?? "*").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) switch
    {
        [] => null,
        var names when names.Contains("*") => null,
        [var first, ..] => first.Replace("*", "localhost", StringComparison.Ordinal),
    };

    private static async Task<int> AskAsync(Uri address, string? host)
    {
        using var handler = new SocketsHttpHandler { UseProxy = false };
        handler.SslOptions.RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate is not null; // whatever its name: nothing secret is sent, and not beyond this machine
        using var client = new HttpClient(handler) { Timeout = Patience };
        using var question = new HttpRequestMessage(HttpMethod.Get, address);
        question.Headers.Host = host;
        try
        {
            using var answer = await client.SendAsync(question);
            return answer.IsSuccessStatusCode ? Well : await Fail($"{address} answers {(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync()}");
        }
        catch (Exception error) when (error is HttpRequestException or TaskCanceledException)
        {
            return await Fail($"{address} does not answer: {error.Message}");
        }
    }

    private static async Task<int> Fail(string reason)
    {
        await Console.Error.WriteLineAsync(reason);
        return Unwell;
    }
}
