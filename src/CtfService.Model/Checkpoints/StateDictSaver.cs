using static TorchSharp.torch;

namespace CtfService.Model.Checkpoints;

/// <summary>Writes a module's weights; <see cref="StateDictLoader"/> reads them.</summary>
public static class StateDictSaver
{
    /// <param name="castFloatingTo">Element type for floating-point weights; as they are if null.</param>
    /// <exception cref="Core.Models.CheckpointException">A weight is NaN or infinite; a file that was there is left as it was.</exception>
    public static void Save(nn.Module module, string path, IReadOnlyDictionary<string, string>? metadata = null, ScalarType? castFloatingTo = null) =>
        SafetensorsWriter.Write(path, module.state_dict().Select(entry => (entry.Key, entry.Value)), metadata, castFloatingTo, requireFinite: true);
}
