using System.Globalization;
using System.Runtime.InteropServices;
using CtfService.Core.Models;
using CtfService.Model.Checkpoints;
using CtfService.Model.Checkpoints.Tensors;

namespace CtfService.Training.Tokens;

/// <summary>
/// One file of a token set: <c>tokens</c> [N, T] and <c>class_ids</c> int32 [N]. Rows are read when they are needed, without a memory map, whose pages would
/// count as memory of the process. Reading is thread-safe.
/// </summary>
internal sealed class TokenShard : IDisposable
{
    private const string TokensKey = "tokens";
    private const string ClassIdsKey = "class_ids";
    private const string NextKey = "next_image";

    private readonly SafetensorsFile _file;
    private readonly int _elementBytes;

    /// <exception cref="CheckpointException">The file is missing, damaged or of another kind.</exception>
    public TokenShard(string path)
    {
        _file = SafetensorsFile.Open(path);
        try
        {
            var (tokens, classIds) = (_file.Entry(TokensKey), _file.Entry(ClassIdsKey));
            var (type, idType) = (_file.StoredTypeOf(TokensKey), _file.StoredTypeOf(ClassIdsKey));
            if (tokens.Shape.Count != 2 || classIds.Shape.Count != 1 || tokens.Shape[0] != classIds.Shape[0] || type is not ("U16" or "I32") || idType != "I32")
            {
                throw new CheckpointException(
                    $"{path}: has tokens {type} {tokens.ShapeText} and class ids {idType} {classIds.ShapeText}; "
                    + "expected U16 or I32 [rows, positions] and I32 [rows].");
            }

            _elementBytes = type == "U16" ? sizeof(ushort) : sizeof(int);
            (Rows, Positions) = (checked((int)tokens.Shape[0]), checked((int)tokens.Shape[1]));
        }
        catch
        {
            _file.Dispose();
            throw;
        }
    }

    public int Rows { get; }

    /// <summary>T.</summary>
    public int Positions { get; }

    /// <summary>Position in the walk over the images after those of this shard; null in files that were not written by <see cref="Write"/>.</summary>
    public int? Next => _file.Metadata.TryGetValue(NextKey, out var next) ? int.Parse(next, CultureInfo.InvariantCulture) : null;

    /// <summary>The metadata of the file.</summary>
    public SafetensorsFile File => _file;

    /// <summary>Reads the tokens of a row.</summary>
    /// <param name="tokens">[T].</param>
    public void Read(int row, Span<int> tokens)
    {
        var bytes = new byte[Positions * _elementBytes];
        _file.CopyStored(TokensKey, (long)row * bytes.Length, bytes);
        TokenLayout.Unpack(bytes, _elementBytes, tokens);
    }

    /// <summary>Reads the class ids of all rows.</summary>
    /// <param name="classIds">[N].</param>
    public void ReadClassIds(Span<int> classIds) => _file.CopyStored(ClassIdsKey, 0, MemoryMarshal.AsBytes(classIds));

    /// <summary>Writes a file; it is complete or not there.</summary>
    /// <param name="next">Position in the walk over the images after those of this shard.</param>
    public static void Write(string path, TokenLayout layout, int rows, int next, Action<Stream> writeClassIds, Action<Stream> writeTokens) =>
        SafetensorsWriter.WriteStored(
            path,
            [
                new StoredTensor(ClassIdsKey, "I32", [rows], writeClassIds),
                new StoredTensor(TokensKey, layout.ElementType, [rows, layout.Positions], writeTokens),
            ],
            new Dictionary<string, string> { [NextKey] = next.ToString(CultureInfo.InvariantCulture) });

    public void Dispose() => _file.Dispose();
}
