using System.Buffers.Binary;
using CtfService.Model.Checkpoints;

namespace CtfService.Training.Export;

/// <summary>
/// Code files as LlamaGen's trainer reads them: <c>imagenet{side}_codes/{i}.npy</c>, int64 [1, crops, T], and <c>imagenet{side}_labels/{i}.npy</c>, int64 [1],
/// for image i. The trainer draws one of the crops in each epoch only if the path has "flip" in it, so the folder's name must.
/// </summary>
internal sealed class CodeFiles
{
    private readonly string _codes;
    private readonly string _labels;
    private readonly byte[] _codeHeader;
    private readonly byte[] _labelHeader = NpyHeader.Create("<i8", 1);

    public CodeFiles(string folder, int imageSize, int crops, int positions)
    {
        _codes = Path.Combine(folder, $"imagenet{imageSize}_codes");
        _labels = Path.Combine(folder, $"imagenet{imageSize}_labels");
        _codeHeader = NpyHeader.Create("<i8", 1, crops, positions);
        Directory.CreateDirectory(_codes);
        Directory.CreateDirectory(_labels);
    }

    /// <param name="codes">[crops, T], flat.</param>
    public void Write(int image, int classId, ReadOnlySpan<long> codes)
    {
        WriteArray(Path.Combine(_codes, $"{image}.npy"), _codeHeader, codes);
        WriteArray(Path.Combine(_labels, $"{image}.npy"), _labelHeader, [classId]);
    }

    private static void WriteArray(string path, byte[] header, ReadOnlySpan<long> values)
    {
        var bytes = new byte[header.Length + (values.Length * sizeof(long))];
        header.CopyTo(bytes, 0);
        for (var i = 0; i < values.Length; i++)
        {
            BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(header.Length + (i * sizeof(long))), values[i]);
        }

        File.WriteAllBytes(path, bytes);
    }
}
