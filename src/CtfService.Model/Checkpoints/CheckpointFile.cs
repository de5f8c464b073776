using CtfService.Core.Models;
using CtfService.Model.Checkpoints.PyTorch;

namespace CtfService.Model.Checkpoints;

/// <summary>Opens a weight file of either format, told apart by its first bytes, not by its name.</summary>
public static class CheckpointFile
{
    /// <param name="preferEma">Take the averaged weights of a training checkpoint; safetensors files have only one set.</param>
    /// <exception cref="CheckpointException">The file is missing, damaged, of no known format, or lacks the weights asked for.</exception>
    public static TensorFile Open(string path, bool preferEma = false)
    {
        var file = MappedFile.Open(path);
        try
        {
            return PyTorchContainer.IsPyTorch(file, out _) ? PyTorchFile.Open(file, preferEma) : SafetensorsFile.Open(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }
}
