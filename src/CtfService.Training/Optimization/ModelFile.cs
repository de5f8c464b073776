using System.Text.Json;
using CtfService.Core.Models;
using CtfService.Model.Checkpoints;
using static TorchSharp.torch;

namespace CtfService.Training.Optimization;

/// <summary>A trained part with its architecture beside the weights: what one training command leaves for the next.</summary>
public static class ModelFile
{
    private const string ConfigKey = "config";

    public static void Save<TConfig>(string path, nn.Module module, TConfig config) =>
        StateDictSaver.Save(module, path, new Dictionary<string, string> { [ConfigKey] = JsonSerializer.Serialize(config, ConfigJson.Options) });

    /// <summary>Builds the module from the file's own architecture and loads the weights; in evaluation mode.</summary>
    /// <exception cref="CheckpointException">Not a file that <see cref="Save"/> wrote, or damaged.</exception>
    public static TModule Load<TModule, TConfig>(string path, Func<TConfig, TModule> build)
        where TModule : nn.Module
    {
        using var file = SafetensorsFile.Open(path);
        if (!file.Metadata.TryGetValue(ConfigKey, out var json) || JsonSerializer.Deserialize<TConfig>(json, ConfigJson.Options) is not { } config)
        {
            throw new CheckpointException($"{path}: has no architecture in its metadata. Name a file that a `ctf train-...` command wrote.");
        }

        var module = build(config);
        StateDictLoader.Load(module, file);
        module.eval();
        return module;
    }
}
