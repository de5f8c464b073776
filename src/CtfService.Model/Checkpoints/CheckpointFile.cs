using CtfService.Core.Models;
using CtfService.Model.Checkpoints.PyTorch;
using CtfService.Model.Checkpoints.Tensors;
using CtfService.Model.Storage;

namespace CtfService.Model.Checkpoints;

/// <summary>Opens a weight file in PyTorch, safetensors or NumPy format. The format is detected from the first bytes, not from the name.</summary>
public static class CheckpointFile
{
    /// <summary>Extensions that browsers and download tools use until a download is complete.</summary>
    private static readonly HashSet<string> Unfinished = new(
        [".part", ".crdownload", ".download", ".incomplete", ".aria2", ".tmp"], StringComparer.OrdinalIgnoreCase);

    /// <param name="preferEma">Reads the averaged weights of a training checkpoint if the file has two sets.</param>
    /// <exception cref="CheckpointException">The file is missing, damaged, in an unknown format, or lacks the requested weights.</exception>
    public static TensorFile Open(string path, bool preferEma = false)
    {
        var file = InputFile.Open(path);
        try
        {
            return Open(file, preferEma);
        }
        catch (CheckpointException error) when (Unfinished.Contains(Path.GetExtension(path)))
        {
            file.Dispose();
            throw new CheckpointException(
                $"{error.Message} The extension {Path.GetExtension(path)} marks an incomplete download; wait until it ends, or start it again.", error);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Takes ownership of the file if it succeeds.</summary>
    private static TensorFile Open(InputFile file, bool preferEma)
    {
        if (NumPyFile.IsNumPy(file))
        {
            return NumPyFile.Open(file);
        }

        return PyTorchContainer.IsPyTorch(file, out _) ? PyTorchFile.Open(file, preferEma) : SafetensorsFile.OpenStateDict(file, preferEma);
    }
}
