using System.Text.Json;
using CtfService.Api.Contracts;

namespace CtfService.Api.Batches.Results;

/// <summary>
/// Writes a part, the results of one shard in one file: lines for the output and for the errors in the order of the requests, each after a mark, and a summary
/// at the end. One file, so that two workers with the same shard cannot mix their results. Not thread-safe.
/// </summary>
internal sealed class PartWriter(Stream part)
{
    private PartSummary _summary = PartSummary.Empty;

    public async Task WriteAsync(LineResult result, CancellationToken cancellation)
    {
        _summary = _summary.Plus(result.Usage);
        await WriteAsync(result.Usage is null ? PartMark.Error : PartMark.Output, result.Line, cancellation);
    }

    public async Task<PartSummary> CompleteAsync(CancellationToken cancellation)
    {
        await WriteAsync(PartMark.Summary, JsonSerializer.SerializeToUtf8Bytes(_summary), cancellation);
        return _summary;
    }

    private async Task WriteAsync(byte mark, ReadOnlyMemory<byte> line, CancellationToken cancellation)
    {
        await part.WriteAsync(new[] { mark }, cancellation);
        await part.WriteAsync(line, cancellation);
        await part.WriteAsync("\n"u8.ToArray(), cancellation);
    }
}

/// <summary>The result of one request.</summary>
/// <param name="Line">JSON of its line, without the end of the line.</param>
/// <param name="Usage">Its tokens; null if it failed.</param>
internal sealed record LineResult(byte[] Line, ImageUsage? Usage);

/// <summary>First byte of each line of a part.</summary>
internal static class PartMark
{
    public const byte Output = (byte)'O';

    public const byte Error = (byte)'E';

    public const byte Summary = (byte)'S';
}

/// <summary>Copies lines of a part without their marks, in bounded memory.</summary>
internal static class PartCopy
{
    private const int BufferBytes = 64 * 1_024;

    /// <param name="mark">The lines to copy.</param>
    public static async Task LinesAsync(Stream part, byte mark, Stream target, CancellationToken cancellation)
    {
        var buffer = new byte[BufferBytes];
        var (isStart, isWanted) = (true, false);
        while (await part.ReadAsync(buffer, cancellation) is > 0 and var count)
        {
            for (var rest = buffer.AsMemory(0, count); !rest.IsEmpty;)
            {
                if (isStart)
                {
                    (isStart, isWanted) = (false, rest.Span[0] == mark);
                    rest = rest[1..];
                }

                var end = rest.Span.IndexOf((byte)'\n');
                var line = end < 0 ? rest : rest[..(end + 1)];
                isStart = end >= 0;
                rest = rest[line.Length..];
                if (isWanted)
                {
                    await target.WriteAsync(line, cancellation);
                }
            }
        }
    }
}
