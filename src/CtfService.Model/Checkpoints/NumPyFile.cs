using System.IO.Compression;
using CtfService.Core.Models;
using CtfService.Model.Checkpoints.PyTorch;
using CtfService.Model.Checkpoints.Tensors;
using CtfService.Model.Storage;

namespace CtfService.Model.Checkpoints;

/// <summary>
/// NumPy arrays: that of an .npy file, named "array", or those of an .npz file by their names. They serve as cluster maps and are held in memory.
/// </summary>
internal sealed class NumPyFile : TensorFile
{
    /// <summary>The largest file in bytes; a map of 16 million tokens has 128 MB.</summary>
    private const int MaxLength = 256 << 20;

    private const string Extension = ".npy";

    private readonly IReadOnlyDictionary<string, NumPyArray> _arrays;

    private NumPyFile(string path, IReadOnlyDictionary<string, NumPyArray> arrays)
        : base(path, [.. arrays.Select(array => new TensorEntry(array.Key, array.Value.View.Storage.Type.Type, array.Value.View.Shape))]) => _arrays = arrays;

    public override string Container => "NumPy";

    /// <summary>Checks the first bytes only: an .npz file is a zip file whose first entry is an array.</summary>
    public static bool IsNumPy(InputFile file)
    {
        var start = file.Start(100);
        return NumPyHeader.IsArray(start) || (StoredZip.IsZip(start) && start.Length > 30 && start.AsSpan(30).IndexOf(".npy"u8) is >= 0 and < 60);
    }

    /// <summary>Reads the whole file and closes it.</summary>
    /// <exception cref="CheckpointException">The file is damaged, too large, or holds something other than numbers.</exception>
    public static NumPyFile Open(InputFile file)
    {
        if (file.Length > MaxLength)
        {
            throw new CheckpointException(
                $"{file.Path}: has {file.Length} bytes; NumPy files serve as cluster maps and may have at most {MaxLength}. Save weights as safetensors.");
        }

        var content = file.Read(0, file.Length);
        using var stream = new MemoryStream(content, writable: false);
        file.Dispose();
        return new NumPyFile(
            file.Path,
            NumPyHeader.IsArray(content)
                ? new Dictionary<string, NumPyArray> { ["array"] = NumPyArray.Read(file.Path, stream, MaxLength) }
                : ReadZip(file.Path, stream));
    }

    private protected override void CopyBytes(TensorEntry entry, Span<byte> destination) => _arrays[entry.Name].CopyTo(Path, destination);

    protected override void Dispose(bool disposing)
    {
    }

    private static Dictionary<string, NumPyArray> ReadZip(string path, Stream stream)
    {
        var arrays = new Dictionary<string, NumPyArray>();
        var remaining = (long)MaxLength;
        try
        {
            using var zip = new ZipArchive(stream, ZipArchiveMode.Read);
            foreach (var entry in zip.Entries.Where(entry => entry.FullName.EndsWith(Extension, StringComparison.Ordinal)))
            {
                using var content = entry.Open();
                var array = NumPyArray.Read($"{path}: {entry.FullName}", content, remaining);
                remaining -= array.Data.Length;
                if (!arrays.TryAdd(entry.FullName[..^Extension.Length], array))
                {
                    throw new CheckpointException($"{path}: has two arrays '{entry.FullName}'.");
                }
            }
        }
        catch (Exception error) when (error is InvalidDataException or IOException or NotSupportedException)
        {
            throw new CheckpointException($"{path}: is a damaged .npz file ({error.Message}). Save it again with numpy.savez.", error);
        }

        return arrays;
    }
}
