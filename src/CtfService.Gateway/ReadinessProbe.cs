using CtfService.Gateway.Configuration;

namespace CtfService.Gateway;

/// <summary>Implements <c>CtfService.Gateway --healthcheck</c>, for containers without an HTTP client: asks the local gateway whether it is ready.</summary>
internal static class ReadinessProbe
{
    public const string Argument = "--healthcheck";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    public static bool IsAskedFor(string[] args) => args.Contains(Argument);

    /// <summary>Returns the exit code: 0 if <c>/health/ready</c> returns 200, otherwise 1 with the reason on standard error.</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        string[] settings = [.. args.Where(argument => argument != Argument)];
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = settings, ContentRootPath = AppContext.BaseDirectory });
        builder.Configuration.AddSettingSources(settings);
        var first = (builder.Configuration["Urls"] ?? "").Split(';')[0];
        using var handler = new SocketsHttpHandler { UseProxy = false };
        using var client = new HttpClient(handler) { Timeout = Patience };
        try
        {
            var address = BindingAddress.Parse(first);
            using var answer = await client.GetAsync(new Uri($"{address.Scheme}://localhost:{address.Port}/health/ready"));
            return answer.IsSuccessStatusCode ? 0 : await Fail($"{first} returned {(int)answer.StatusCode}.");
        }
        catch (Exception error) when (error is HttpRequestException or TaskCanceledException or FormatException)
        {
            return await Fail($"{first} did not respond: {error.Message}");
        }
    }

    private static async Task<int> Fail(string reason)
    {
        await Console.Error.WriteLineAsync(reason);
        return 1;
    }
}
