using CtfService.Core.Models;
using CtfService.Model.Checkpoints.PyTorch;
using CtfService.Model.Checkpoints.Tensors;
using CtfService.Model.Storage;

namespace CtfService.Model.Checkpoints;

/// <summary>Opens a weight file of any format that is read here, told apart by its first bytes, not by its name: PyTorch, safetensors, NumPy.</summary>
public static class CheckpointFile
{
    /// <summary>What browsers and download programs append to a name until the file is whole.</summary>
    private static readonly HashSet<string> Unfinished = new(
        [".part", ".crdownload", ".download", ".incomplete", ".aria2", ".tmp"], StringComparer.OrdinalIgnoreCase);

    /// <param name="preferEma">Take the averaged weights of a training checkpoint, if the file has two sets.</param>
    /// <exception cref="CheckpointException">The file is missing, damaged, of no known format, or lacks the weights asked for.</exception>
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
                $"{error.Message} A name that ends in {Path.GetExtension(path)} is a download that has not ended; let it end, or begin it again.", error);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Takes the file over if it succeeds.</summary>
    private static TensorFile Open(InputFile file, bool preferEma)
    {
        if (NumPyFile.IsNumPy(file))
        {
            return NumPyFile.Open(file);
        }

        return PyTorchContainer.IsPyTorch(file, out _) ? PyTorchFile.Open(file, preferEma) : SafetensorsFile.OpenStateDict(file, preferEma);
    }
}
