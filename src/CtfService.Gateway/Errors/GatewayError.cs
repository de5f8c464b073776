using System.Text.Json.Nodes;

namespace CtfService.Gateway.Errors;

/// <summary>An error of the gateway itself, in OpenAI's form, as the replicas' errors are.</summary>
/// <param name="Message">For people: what is wrong, what is expected, what to do.</param>
/// <param name="Code">For programs.</param>
internal sealed record GatewayError(int Status, string Message, string Code)
{
    /// <summary>When to retry; null if a retry does not help.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Writes the error. Does nothing if the caller has disconnected.</summary>
    public async Task WriteAsync(HttpContext context)
    {
        context.Response.StatusCode = Status;
        context.Response.ContentType = "application/json; charset=utf-8";
        if (RetryAfter is { } wait)
        {
            context.Response.Headers.RetryAfter = $"{Math.Max(1, Math.Ceiling(wait.TotalSeconds)):0}";
        }

        var error = new JsonObject
        {
            ["message"] = Message,
            ["type"] = Status < 500 ? "invalid_request_error" : "server_error",
            ["param"] = null,
            ["code"] = Code,
        };
        try
        {
            await context.Response.WriteAsync(new JsonObject { ["error"] = error }.ToJsonString(), context.RequestAborted);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
        }
    }
}
