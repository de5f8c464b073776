using CtfService.Api.Batches.Requests;
using CtfService.Api.Errors;
using CtfService.Api.Validation;
using CtfService.Jobs.Work;

namespace CtfService.Api.Batches.Results;

/// <summary>Reads the requests of a shard. Not thread-safe.</summary>
internal sealed class ShardRequests(Job job, Shard shard, IBatchRoute route, BatchScope scope, Stream input)
{
    private readonly LineReader _lines = new(input, BatchLine.MaxLength);
    private int _count;

    /// <summary>Returns the next request; null after the last.</summary>
    public async Task<ShardRequest?> NextAsync(CancellationToken cancellation)
    {
        if (_count == shard.Count)
        {
            return null;
        }

        var number = shard.First + ++_count;
        var content = await _lines.ReadAsync(cancellation) ?? throw new InvalidDataException($"{BatchFiles.Requests(job)} ends before its line {number}.");
        var line = BatchLine.ReadValid(content, number, route.Path);
        try
        {
            var validated = await route.ReadAsync(line.Body, BatchIds.Seed(job, number), scope, cancellation);
            return new ShardRequest(number, line.CustomId, validated, Refusal: null);
        }
        catch (RequestRefusedException refused) // since validation, a limit was lowered or a picture was deleted
        {
            return new ShardRequest(number, line.CustomId, Validated: null, refused.Error);
        }
    }
}

/// <summary>A request of a shard.</summary>
/// <param name="Line">Line of the input, from 1.</param>
/// <param name="Validated">Null if it is refused.</param>
/// <param name="Refusal">Null if it is valid.</param>
internal sealed record ShardRequest(long Line, string CustomId, ValidatedImageRequest? Validated, ApiError? Refusal)
{
    public int ImageCount => Validated?.Images.Count ?? 0;
}
