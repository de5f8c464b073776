using CtfService.Api.Configuration;
using CtfService.Api.Contracts;
using CtfService.Api.Validation;
using Microsoft.Extensions.Primitives;

namespace CtfService.Api.Batches.Requests;

/// <summary><c>/v1/images/redetail</c> in a batch.</summary>
internal sealed class RedetailRoute(JsonBody json, RedetailImageRequestValidator validator, LimitsOptions limits) : IBatchRoute
{
    public string Path => $"{ImageRoutes.Group}/{ImageRoutes.Redetail}";

    public int MaxBodyBytes => limits.MaxRequestBodyBytes;

    public string MaxBodySetting => "Limits:MaxRequestBodyBytes";

    public Task<ValidatedImageRequest> ReadAsync(ReadOnlyMemory<byte> body, ulong seed, BatchScope scope, CancellationToken cancellation)
    {
        var asked = json.Read<RedetailImageRequest>(body);
        return Task.FromResult(validator.Validate(asked with { Seed = asked.Seed ?? seed }, StringValues.Empty, scope.Model));
    }
}
