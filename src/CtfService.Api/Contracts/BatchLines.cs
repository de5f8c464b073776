using System.Text.Json.Serialization;

namespace CtfService.Api.Contracts;

/// <summary>A line of the output file or the error file of a batch.</summary>
/// <param name="Id">Id of the request in the batch.</param>
/// <param name="CustomId">The <c>custom_id</c> of the line in the input file.</param>
/// <param name="Response">What the route answered; null if the request did not run.</param>
/// <param name="Error">Why the request did not run; null if it ran.</param>
public sealed record BatchResultLine(string Id, string CustomId, BatchLineResponse? Response, BatchLineError? Error);

/// <summary>What the route answered to a request of a batch.</summary>
/// <param name="StatusCode">HTTP status.</param>
/// <param name="Body">A <see cref="BatchImagesResponse"/> if the status is 200, otherwise an <see cref="ErrorResponse"/>.</param>
public sealed record BatchLineResponse(int StatusCode, string RequestId, object Body);

/// <summary>Why a request of a batch did not run.</summary>
/// <param name="Code"><c>batch_expired</c>, <c>batch_cancelled</c> or <c>shard_failed</c>.</param>
/// <param name="Message">For people.</param>
public sealed record BatchLineError(string Code, string Message);

/// <summary>
/// The images of one request of a batch: an <see cref="ImagesResponse"/> without times, so that the line is the same if the request runs again.
/// </summary>
/// <param name="Created">When the batch was created, seconds since 1970.</param>
/// <param name="Model">Name of the model.</param>
/// <param name="Data">One entry per image, in order.</param>
/// <param name="OutputFormat">File format of every image: png, jpeg or webp.</param>
/// <param name="Size">Width x height of every image in pixels.</param>
/// <param name="Usage">Tokens of the request.</param>
/// <param name="Warnings">Fields that had no effect or were interpreted; absent if there are none.</param>
public sealed record BatchImagesResponse(
    long Created,
    string Model,
    IReadOnlyList<ImageEntry> Data,
    string OutputFormat,
    string Size,
    ImageUsage Usage,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<RequestWarning>? Warnings = null);
