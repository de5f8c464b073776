using CtfService.Api.Configuration;
using CtfService.Api.Contracts;
using CtfService.Api.Errors;
using CtfService.Api.Validation;
using Microsoft.Extensions.Primitives;

namespace CtfService.Api.Batches.Requests;

/// <summary><c>/v1/images/generations</c> in a batch.</summary>
internal sealed class GenerationRoute(JsonBody json, GenerateImageRequestValidator validator, LimitsOptions limits) : IBatchRoute
{
    public string Path => $"{ImageRoutes.Group}/{ImageRoutes.Generations}";

    public int MaxBodyBytes => limits.MaxRequestBodyBytes;

    public string MaxBodySetting => "Limits:MaxRequestBodyBytes";

    public Task<ValidatedImageRequest> ReadAsync(ReadOnlyMemory<byte> body, ulong seed, BatchScope scope, CancellationToken cancellation)
    {
        var asked = json.Read<GenerateImageRequest>(body);
        return Task.FromResult(WithoutStream(validator.Validate(asked with { Seed = asked.Seed ?? seed }, StringValues.Empty, scope.Model)));
    }

    /// <exception cref="RequestRefusedException">The request asks for a stream.</exception>
    public static ValidatedImageRequest WithoutStream(ValidatedImageRequest request) => request.IsStream
        ? throw RequestRefusedException.For("stream", "unsupported_value", "stream is true; a batch has no streams. Leave stream out.")
        : request;
}
