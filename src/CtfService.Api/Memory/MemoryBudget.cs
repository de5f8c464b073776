using CtfService.Api.Configuration;
using CtfService.Api.Hosting;
using CtfService.Api.Idempotency;

namespace CtfService.Api.Memory;

/// <summary>
/// Divides the memory of a container among what callers can make the service hold: uploads, decoded pictures, responses. Settings that would take more are
/// reduced, so that no load ends in the death of the process.
/// </summary>
/// <param name="limit">The memory that the process may use, bytes.</param>
internal sealed class MemoryBudget(long limit)
{
    private const long Mebibyte = 1 << 20;

    /// <summary>The program with a small model, measured with the one that ships: 220 MiB.</summary>
    private const long OwnBytes = 256 * Mebibyte;

    private const long Least = OwnBytes + (64 * Mebibyte);

    /// <summary>Most that the decoding of a picture takes for each pixel: an edit without a mask.</summary>
    private const int BytesPerPixel = 12;

    /// <summary>Memory for all of it: what the program leaves of a small container, and a little more than a quarter of a large one.</summary>
    private long Callers => Math.Min(limit - OwnBytes, (limit / 4) + (128 * Mebibyte));

    private long Pictures => Callers / 2;

    private long EachOther => Callers / 6;

    /// <exception cref="StartRefusedException">The memory is too small for the service.</exception>
    public void Require()
    {
        if (limit < Least)
        {
            throw new StartRefusedException([
                $"The process may use {limit / Mebibyte} MiB of memory; expected at least {Least / Mebibyte}, and more for a larger model. "
                + "Raise the limit: --memory of docker run, resources.limits.memory of Kubernetes, or MemoryMax= of systemd.",
            ]);
        }
    }

    public LimitsOptions Fit(LimitsOptions limits)
    {
        var uploads = Math.Min(limits.MaxUploadBufferBytes, EachOther);
        return limits with
        {
            MaxUploadPixels = (int)Math.Min(limits.MaxUploadPixels, Pictures / BytesPerPixel),
            MaxUploadBufferBytes = uploads,
            MaxUploadBytes = (int)Math.Min(limits.MaxUploadBytes, (uploads - LimitsOptions.UploadMarginBytes) / 2), // a picture and a mask
            MaxUnsentBytes = Math.Min(limits.MaxUnsentBytes, EachOther),
        };
    }

    public IdempotencyOptions Fit(IdempotencyOptions idempotency) => idempotency with { MaxBytes = Math.Min(idempotency.MaxBytes, EachOther) };

    /// <summary>Returns the reduced settings, each with both values; empty if all fit.</summary>
    /// <param name="used">What the service uses: the settings after <see cref="Fit(LimitsOptions)"/>.</param>
    public static IReadOnlyList<string> Reductions(
        (LimitsOptions Limits, IdempotencyOptions Idempotency) set, (LimitsOptions Limits, IdempotencyOptions Idempotency) used)
    {
        var (limits, idempotency) = set;
        var (fitting, kept) = used;
        (string Name, long Set, long Used)[] values =
        [
            ($"{LimitsOptions.SectionName}:{nameof(LimitsOptions.MaxUploadPixels)}", limits.MaxUploadPixels, fitting.MaxUploadPixels),
            ($"{LimitsOptions.SectionName}:{nameof(LimitsOptions.MaxUploadBufferBytes)}", limits.MaxUploadBufferBytes, fitting.MaxUploadBufferBytes),
            ($"{LimitsOptions.SectionName}:{nameof(LimitsOptions.MaxUploadBytes)}", limits.MaxUploadBytes, fitting.MaxUploadBytes),
            ($"{LimitsOptions.SectionName}:{nameof(LimitsOptions.MaxUnsentBytes)}", limits.MaxUnsentBytes, fitting.MaxUnsentBytes),
            ($"{IdempotencyOptions.SectionName}:{nameof(IdempotencyOptions.MaxBytes)}", idempotency.MaxBytes, kept.MaxBytes),
        ];
        return [.. values.Where(value => value.Used < value.Set).Select(value => $"{value.Name} is {value.Used} instead of {value.Set}")];
    }
}
