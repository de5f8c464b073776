using System.Text.Json;
using CtfService.Core.Models;
using CtfService.Model.Bundles;
using CtfService.Model.Checkpoints;
using CtfService.Model.Layers;
using static TorchSharp.torch;

namespace CtfService.Training.Parts;

/// <summary>A trained part with its architecture beside the weights: what one training command leaves for the next.</summary>
public static class ModelFile
{
    private const string ConfigKey = "config";

    /// <param name="madeFrom">Written with it; null if nothing is known.</param>
    public static void Save<TConfig>(string path, nn.Module module, TConfig config, PartRecord? madeFrom = null) => StateDictSaver.Save(
        module,
        path,
        new Dictionary<string, string>(madeFrom?.Metadata ?? new Dictionary<string, string>())
        {
            [ConfigKey] = JsonSerializer.Serialize(config, BundleJson.Options),
        });

    /// <exception cref="CheckpointException">Not a file that <see cref="Save"/> wrote.</exception>
    public static TConfig Config<TConfig>(string path)
    {
        using var file = SafetensorsFile.Open(path);
        return file.Metadata.TryGetValue(ConfigKey, out var json) && JsonSerializer.Deserialize<TConfig>(json, BundleJson.Options) is { } config
            ? config
            : throw new CheckpointException($"{path}: has no architecture in its metadata. Name a file that a `ctf train-...` command wrote.");
    }

    /// <summary>Builds the module from the file's own architecture and loads the weights; in evaluation mode.</summary>
    /// <exception cref="CheckpointException">Not a file that <see cref="Save"/> wrote, or damaged.</exception>
    public static TModule Load<TModule, TConfig>(string path, Func<TConfig, TModule> build)
        where TModule : nn.Module
    {
        using var fresh = new ParameterScope(initialise: false); // the file fills every weight
        var module = build(Config<TConfig>(path));
        using var file = SafetensorsFile.Open(path);
        StateDictLoader.Load(module, file);
        module.eval();
        return module;
    }
}
