using System.Text.Json;
using CtfService.Jobs.Work;

namespace CtfService.Api.Batches.Requests;

/// <summary>What a batch was created with; the specification of its job.</summary>
/// <param name="InputFileId">Id of the uploaded file, for the owner.</param>
/// <param name="StoredName">Name of its content in the file store.</param>
/// <param name="Endpoint">Path of the route, one of <see cref="BatchRoutes.Paths"/>.</param>
/// <param name="CompletionWindow">As requested.</param>
/// <param name="OutputSeconds">Time after which the output expires, seconds; null if it is kept as long as the batch.</param>
internal sealed record BatchSpecification(
    string InputFileId,
    string StoredName,
    string Endpoint,
    string CompletionWindow,
    IReadOnlyDictionary<string, string>? Metadata,
    int? OutputSeconds)
{
    /// <summary>Kind of the jobs.</summary>
    public const string Kind = "batch";

    public static BatchSpecification Of(Job job) => JsonSerializer.Deserialize<BatchSpecification>(job.Specification)!;

    public string ToJson() => JsonSerializer.Serialize(this);
}
