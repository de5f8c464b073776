using System.Text.Json;
using CtfService.Api.Errors;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Options;

namespace CtfService.Api.Batches.Requests;

/// <summary>Reads the body of a request in a batch with the rules and the messages of the routes. Thread-safe.</summary>
internal sealed class JsonBody(JsonProblems problems, IOptions<JsonOptions> json)
{
    /// <exception cref="RequestRefusedException">The body is not such a request.</exception>
    public TRequest Read<TRequest>(ReadOnlyMemory<byte> body)
    {
        try
        {
            return JsonSerializer.Deserialize<TRequest>(body.Span, json.Value.SerializerOptions)
                ?? throw RequestRefusedException.For(param: null, "wrong_type", "The body must be a JSON object.");
        }
        catch (JsonException problem)
        {
            throw new RequestRefusedException(problems.Describe(problem, typeof(TRequest)));
        }
    }
}
