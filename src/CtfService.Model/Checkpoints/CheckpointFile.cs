using CtfService.Core.Models;
using CtfService.Model.Checkpoints.PyTorch;

namespace CtfService.Model.Checkpoints;

/// <summary>Opens a weight file of either format, told apart by its first bytes, not by its name.</summary>
public static class CheckpointFile
{
    /// <summary>What browsers and download programs append to a name until the file is whole.</summary>
    private static readonly HashSet<string> Unfinished = new([".part", ".crdownload", ".download", ".incomplete", ".aria2", ".tmp"], StringComparer.OrdinalIgnoreCase);

    /// <param name="preferEma">Take the averaged weights of a training checkpoint; safetensors files have only one set.</param>
    /// <exception cref="CheckpointException">The file is missing, damaged, of no known format, or lacks the weights asked for.</exception>
    public static TensorFile Open(string path, bool preferEma = false)
    {
        var file = InputFile.Open(path);
        try
        {
            return PyTorchContainer.IsPyTorch(file, out _) ? PyTorchFile.Open(file, preferEma) : SafetensorsFile.Open(file);
        }
        catch (CheckpointException error)
        {
            file.Dispose();
            var ending = System.IO.Path.GetExtension(path);
            throw Unfinished.Contains(ending)
                ? new CheckpointException($"{error.Message} A name that ends in {ending} is a download that has not ended; let it end, or begin it again.", error)
                : error;
        }
    }
}
