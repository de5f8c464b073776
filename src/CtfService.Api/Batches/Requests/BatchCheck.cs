using System.Runtime.InteropServices;
using System.Security.Cryptography;
using CtfService.Api.Contracts;
using CtfService.Api.Errors;
using CtfService.Jobs.Work;

namespace CtfService.Api.Batches.Requests;

/// <summary>Checks the lines of a batch one after another and collects problems and shards. Not thread-safe.</summary>
internal sealed class BatchCheck(Job job, IBatchRoute route, BatchScope scope, JobsOptions options)
{
    /// <summary>Further problems are left out; whoever has mended a hundred tries again.</summary>
    private const int MostProblems = 100;

    private readonly List<JobError> _problems = [];
    private readonly List<PreparedShard> _shards = [];
    private readonly Dictionary<UInt128, long> _customIds = []; // hash of the id -> its line; the ids themselves would take more memory
    private long _blankLine;
    private long _requests;
    private long _images;
    private int _imagesOfShard;

    /// <returns>False if the other lines need not be read.</returns>
    public async Task<bool> AddAsync(LineReader lines, ReadOnlyMemory<byte> line, CancellationToken cancellation)
    {
        if (line.IsEmpty && !lines.IsTooLong)
        {
            _blankLine = _blankLine == 0 ? lines.Number : _blankLine; // a mistake only if another line follows
            return true;
        }

        if (_blankLine > 0)
        {
            Add("invalid_json_line", "The line is blank. Write each request as one JSON object on one line.", _blankLine);
            _blankLine = 0;
        }

        if (++_requests > options.MaxBatchRequests)
        {
            Add(
                "too_many_requests",
                $"The file has more than {options.MaxBatchRequests} requests, the limit in Jobs:MaxBatchRequests. Split it into several batches.",
                lines.Number);
            return false;
        }

        if (lines.IsTooLong)
        {
            Add("line_too_long", $"The line is too long; expected a body of at most {route.MaxBodyBytes} bytes ({route.MaxBodySetting}).", lines.Number);
        }
        else if (BatchLine.Read(line, lines.Number, route.Path, Add) is { } request)
        {
            await CheckAsync(request, lines, cancellation);
        }

        return _problems.Count < MostProblems;
    }

    /// <exception cref="JobRefusedException">There are problems.</exception>
    public PreparedBatch Complete()
    {
        if (_requests == 0)
        {
            _problems.Add(new JobError("empty_file", "The file has no requests; expected one JSON object a line.", Line: null, "input_file_id"));
        }

        return _problems.Count > 0
            ? throw new JobRefusedException(_problems)
            : new PreparedBatch(scope.Model.Name, scope.Model.BundleHash, _images, _shards);
    }

    private async Task CheckAsync(BatchLine request, LineReader lines, CancellationToken cancellation)
    {
        if (!_customIds.TryAdd(HashOf(request.CustomId), lines.Number))
        {
            var other = _customIds[HashOf(request.CustomId)];
            Add("duplicate_custom_id", $"custom_id '{request.CustomId}' is that of line {other} too. Give each request its own.", lines.Number, "custom_id");
        }

        try
        {
            var validated = await route.ReadAsync(request.Body, BatchIds.Seed(job, lines.Number), scope, cancellation);
            Count(validated.Images.Count, lines);
        }
        catch (RequestRefusedException refused)
        {
            var error = refused.Error;
            foreach (var problem in error.Details ?? [new ErrorDetail(error.Message, error.Param, error.Code ?? "invalid_request")])
            {
                Add(problem.Code, problem.Message, lines.Number, problem.Param is null ? "body" : $"body.{problem.Param}");
            }
        }
    }

    private void Count(int images, LineReader lines)
    {
        _images += images;
        if (_images > options.MaxImages && _images - images <= options.MaxImages)
        {
            Add(
                "too_many_images",
                $"The requests up to this line ask for {_images} images; expected at most {options.MaxImages} (Jobs:MaxImages). "
                + "Split the file into several batches.",
                lines.Number,
                "body.n");
        }

        _imagesOfShard += images;
        if (_shards.Count == 0 || _imagesOfShard > options.ShardImages)
        {
            _shards.Add(new PreparedShard(lines.Offset, Requests: 1));
            _imagesOfShard = images;
        }
        else
        {
            _shards[^1] = _shards[^1] with { Requests = _shards[^1].Requests + 1 };
        }
    }

    private void Add(string code, string message, long line, string? param = null) => Add(new JobError(code, message, line, param));

    private void Add(JobError problem)
    {
        if (_problems.Count < MostProblems)
        {
            _problems.Add(problem);
        }
    }

    private static UInt128 HashOf(string customId) => MemoryMarshal.Read<UInt128>(SHA256.HashData(MemoryMarshal.AsBytes(customId.AsSpan())));
}
