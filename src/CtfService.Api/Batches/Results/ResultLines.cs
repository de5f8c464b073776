using System.Text.Json;
using CtfService.Api.Batches.Requests;
using CtfService.Api.Contracts;
using CtfService.Api.Errors;
using CtfService.Jobs.Work;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Options;

namespace CtfService.Api.Batches.Results;

/// <summary>Builds the lines of the output file and the error file. Each is a function of the batch, the line and the result alone. Thread-safe.</summary>
internal sealed class ResultLines(IOptions<JsonOptions> json)
{
    private const int Succeeded = StatusCodes.Status200OK;

    /// <param name="line">Line of the input, from 1.</param>
    public LineResult Images(Job job, long line, string customId, BatchImagesResponse images) =>
        new(Write(job, line, customId, new BatchLineResponse(Succeeded, BatchIds.OfResponse(job, line), images), error: null), images.Usage);

    /// <summary>A request that failed.</summary>
    public LineResult Refused(Job job, long line, string customId, ApiError error) =>
        new(Write(job, line, customId, new BatchLineResponse(error.Status, BatchIds.OfResponse(job, line), error.ToResponse()), error: null), Usage: null);

    /// <summary>A request that did not run.</summary>
    public byte[] NotRun(Job job, long line, string customId, BatchLineError error) => Write(job, line, customId, response: null, error);

    private byte[] Write(Job job, long line, string customId, BatchLineResponse? response, BatchLineError? error) => JsonSerializer.SerializeToUtf8Bytes(
        new BatchResultLine(BatchIds.OfRequest(job, line), customId, response, error), json.Value.SerializerOptions);
}
