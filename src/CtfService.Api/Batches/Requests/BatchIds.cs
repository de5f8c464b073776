using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using CtfService.Core.Generation;
using CtfService.Jobs.Work;

namespace CtfService.Api.Batches.Requests;

/// <summary>Ids and seeds of a batch. All are derived from its id, so that work that runs again gives the same.</summary>
internal static class BatchIds
{
    /// <summary>Prefix of the id of a batch.</summary>
    public const string Prefix = "batch_";

    private const int IdBytes = 16;

    /// <summary>Returns the id of a request, for the lines of the output.</summary>
    /// <param name="line">Line of the input, from 1.</param>
    public static string OfRequest(Job job, long line) => $"batch_req_{Derive(job, $"request {line}")}";

    /// <summary>Returns the id of the response to a request.</summary>
    public static string OfResponse(Job job, long line) => $"req_{Derive(job, $"response {line}")}";

    /// <summary>Returns the id of the output file or the error file.</summary>
    public static string OfFile(Job job, string name) => $"file-{Derive(job, name)}";

    /// <summary>Returns the seed of a request that has none.</summary>
    public static ulong Seed(Job job, long line) => BinaryPrimitives.ReadUInt64LittleEndian(Hash(job, $"seed {line}")) >> (64 - ImageSeed.DerivedBits);

    private static string Derive(Job job, string purpose) => Convert.ToHexStringLower(Hash(job, purpose).AsSpan(0, IdBytes));

    private static byte[] Hash(Job job, string purpose) => SHA256.HashData(Encoding.UTF8.GetBytes($"{job.Id} {purpose}"));
}
