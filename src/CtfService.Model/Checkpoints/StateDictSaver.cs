using static TorchSharp.torch;

namespace CtfService.Model.Checkpoints;

/// <summary>Writes the weights of a module as safetensors; <see cref="StateDictLoader"/> reads them.</summary>
public static class StateDictSaver
{
    /// <param name="castFloatingTo">The dtype for floating-point weights; null keeps theirs.</param>
    /// <exception cref="Core.Models.CheckpointException">A weight is NaN or infinite. An existing file is unchanged.</exception>
    public static void Save(nn.Module module, string path, IReadOnlyDictionary<string, string>? metadata = null, ScalarType? castFloatingTo = null) =>
        SafetensorsWriter.Write(path, module.state_dict().Select(entry => (entry.Key, entry.Value)), metadata, castFloatingTo, requireFinite: true);
}
