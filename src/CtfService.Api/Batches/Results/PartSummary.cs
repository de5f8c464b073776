using System.Text.Json;
using CtfService.Api.Contracts;
using CtfService.Jobs.Files;
using CtfService.Jobs.Work;

namespace CtfService.Api.Batches.Results;

/// <summary>The last line of a part: how many requests it has results of, and their tokens.</summary>
internal sealed record PartSummary(int Done, int Failed, long InputTokens, long OutputTokens)
{
    /// <summary>Longest last line, bytes.</summary>
    private const int MaxLength = 256;

    public static PartSummary Empty { get; } = new(0, 0, 0, 0);

    public ShardResult Result => new(Done, Failed);

    /// <summary>Returns the sum with a further result.</summary>
    /// <param name="usage">Tokens of a request that succeeded; null if it failed.</param>
    public PartSummary Plus(ImageUsage? usage) => usage is null
        ? this with { Failed = Failed + 1 }
        : this with { Done = Done + 1, InputTokens = InputTokens + usage.InputTokens, OutputTokens = OutputTokens + usage.OutputTokens };

    public static PartSummary operator +(PartSummary one, PartSummary other) => new(
        one.Done + other.Done, one.Failed + other.Failed, one.InputTokens + other.InputTokens, one.OutputTokens + other.OutputTokens);

    /// <summary>
    /// Reads the summary of a part from its end. Returns null if there is no such part. Deletes a part that is damaged, so that it can be made again.
    /// </summary>
    public static async Task<PartSummary?> FindAsync(IFileStore files, string part, CancellationToken cancellation)
    {
        if (await files.FindAsync(part, cancellation) is not { } stored)
        {
            return null;
        }

        var length = Math.Min(MaxLength, stored.Length);
        await using var end = await files.OpenAsync(part, stored.Length - length, length, cancellation);
        if (end is null)
        {
            return null;
        }

        var bytes = new byte[length];
        await end.ReadExactlyAsync(bytes, cancellation);
        try
        {
            return JsonSerializer.Deserialize<PartSummary>(LastLine(bytes));
        }
        catch (JsonException)
        {
            await files.DeleteAsync(part, cancellation);
            return null;
        }
    }

    /// <summary>Returns the last line without its mark; nothing if it is not a summary.</summary>
    private static ReadOnlySpan<byte> LastLine(ReadOnlySpan<byte> end)
    {
        var line = end.TrimEnd((byte)'\n');
        line = line[(line.LastIndexOf((byte)'\n') + 1)..];
        return line is [PartMark.Summary, .. var summary] ? summary : [];
    }
}
