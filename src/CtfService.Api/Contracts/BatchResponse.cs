using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;

namespace CtfService.Api.Contracts;

/// <summary>A batch, in the shape of OpenAI's. All times are seconds since 1970; a time that has not come is null.</summary>
/// <param name="Id">Id of the batch.</param>
/// <param name="ObjectType">Always <c>batch</c>.</param>
/// <param name="Endpoint">The route of all requests.</param>
/// <param name="Errors">Why the batch was refused or could not be finished; null if it was not.</param>
/// <param name="InputFileId">The file with the requests.</param>
/// <param name="CompletionWindow">Time to finish, as requested.</param>
/// <param name="Status">
/// <c>validating</c>, <c>in_progress</c> and <c>finalizing</c> follow each other; <c>completed</c>, <c>failed</c> (refused as a whole), <c>expired</c> and
/// <c>cancelled</c> are final; <c>cancelling</c> precedes the last.
/// </param>
/// <param name="OutputFileId">The file with one line for each request that succeeded; null if there is none.</param>
/// <param name="ErrorFileId">The file with one line for each request that failed or did not run; null if there is none.</param>
/// <param name="CreatedAt">When the batch was created.</param>
/// <param name="InProgressAt">When its first request could run.</param>
/// <param name="ExpiresAt">When requests that have not run are given up.</param>
/// <param name="FinalizingAt">When the last request had ended.</param>
/// <param name="CompletedAt">When it was completed.</param>
/// <param name="FailedAt">When it failed.</param>
/// <param name="ExpiredAt">When it expired.</param>
/// <param name="CancellingAt">When it was asked to stop.</param>
/// <param name="CancelledAt">When it had stopped.</param>
/// <param name="RequestCounts">Number of requests.</param>
/// <param name="Metadata">As requested.</param>
/// <param name="Model">Name of the model that ran the requests; null before the batch has ended.</param>
/// <param name="Usage">Tokens of all requests that succeeded; null before the batch has ended.</param>
public sealed record BatchResponse(
    string Id,
    [property: JsonPropertyName("object"), AllowedValues("batch")] string ObjectType,
    string Endpoint,
    BatchErrorList? Errors,
    string InputFileId,
    string CompletionWindow,
    [property: AllowedValues("validating", "failed", "in_progress", "finalizing", "completed", "expired", "cancelling", "cancelled")] string Status,
    string? OutputFileId,
    string? ErrorFileId,
    long CreatedAt,
    long? InProgressAt,
    long? ExpiresAt,
    long? FinalizingAt,
    long? CompletedAt,
    long? FailedAt,
    long? ExpiredAt,
    long? CancellingAt,
    long? CancelledAt,
    BatchRequestCounts RequestCounts,
    IReadOnlyDictionary<string, string>? Metadata,
    string? Model,
    BatchUsage? Usage);

/// <summary>Why a batch was refused or could not be finished.</summary>
/// <param name="ObjectType">Always <c>list</c>.</param>
/// <param name="Data">The first hundred problems.</param>
public sealed record BatchErrorList([property: JsonPropertyName("object"), AllowedValues("list")] string ObjectType, IReadOnlyList<BatchErrorEntry> Data);

/// <summary>One problem of a batch.</summary>
/// <param name="Code">For programs.</param>
/// <param name="Message">For people: what is wrong, what is expected, what to do.</param>
/// <param name="Param">The field with the problem, such as <c>body.n</c>; null if there is none.</param>
/// <param name="Line">Line of the input file, from 1; null if the problem concerns no single line.</param>
public sealed record BatchErrorEntry(string Code, string Message, string? Param, long? Line);

/// <summary>Number of requests of a batch; all 0 until the batch is validated.</summary>
/// <param name="Total">All requests.</param>
/// <param name="Completed">Those that succeeded.</param>
/// <param name="Failed">Those that failed.</param>
public sealed record BatchRequestCounts(long Total, long Completed, long Failed);

/// <summary>Tokens of all requests of a batch that succeeded.</summary>
/// <param name="InputTokens">Tokens of the requests.</param>
/// <param name="InputTokensDetails">For OpenAI's clients.</param>
/// <param name="OutputTokens">Tokens of the images.</param>
/// <param name="OutputTokensDetails">For OpenAI's clients.</param>
/// <param name="TotalTokens">The sum of both.</param>
public sealed record BatchUsage(
    long InputTokens, BatchInputTokens InputTokensDetails, long OutputTokens, BatchOutputTokens OutputTokensDetails, long TotalTokens);

/// <summary>For OpenAI's clients.</summary>
/// <param name="CachedTokens">Always 0.</param>
public sealed record BatchInputTokens(long CachedTokens);

/// <summary>For OpenAI's clients.</summary>
/// <param name="ReasoningTokens">Always 0.</param>
public sealed record BatchOutputTokens(long ReasoningTokens);

/// <summary>Batches, the newest first.</summary>
/// <param name="ObjectType">Always <c>list</c>.</param>
/// <param name="Data">The batches.</param>
/// <param name="FirstId">Id of the first batch; null if there is none.</param>
/// <param name="LastId">Id of the last batch, to send as <c>after</c> for the next page; null if there is none.</param>
/// <param name="HasMore">True if older batches follow.</param>
public sealed record BatchListResponse(
    [property: JsonPropertyName("object"), AllowedValues("list")] string ObjectType,
    IReadOnlyList<BatchResponse> Data,
    string? FirstId,
    string? LastId,
    bool HasMore);
