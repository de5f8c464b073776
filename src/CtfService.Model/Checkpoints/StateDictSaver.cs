using static TorchSharp.torch;

namespace CtfService.Model.Checkpoints;

/// <summary>Writes a module's weights; <see cref="StateDictLoader"/> reads them.</summary>
public static class StateDictSaver
{
    /// <param name="castFloatingTo">Element type for floating-point weights; as they are where null.</param>
    public static void Save(nn.Module module, string path, IReadOnlyDictionary<string, string>? metadata = null, ScalarType? castFloatingTo = null) =>
        SafetensorsWriter.Write(path, module.state_dict().Select(entry => (entry.Key, entry.Value)), metadata, castFloatingTo);
}
