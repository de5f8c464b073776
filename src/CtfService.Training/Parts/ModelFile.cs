using System.Text.Json;
using CtfService.Core.Models;
using CtfService.Model.Bundles;
using CtfService.Model.Checkpoints;
using CtfService.Model.Layers;
using static TorchSharp.torch;

namespace CtfService.Training.Parts;

/// <summary>Reads and writes a trained part: weights, architecture and part record in one file, which the next training command reads.</summary>
public static class ModelFile
{
    private const string ConfigKey = "config";

    /// <summary>Writes a part.</summary>
    /// <param name="madeFrom">Record to write with the weights; null if unknown.</param>
    public static void Save<TConfig>(string path, nn.Module module, TConfig config, PartRecord? madeFrom = null) => StateDictSaver.Save(
        module,
        path,
        new Dictionary<string, string>(madeFrom?.Metadata ?? new Dictionary<string, string>())
        {
            [ConfigKey] = JsonSerializer.Serialize(config, BundleJson.Options),
        });

    /// <summary>Reads the architecture of a part.</summary>
    /// <exception cref="CheckpointException">The file was not written by <see cref="Save"/>.</exception>
    public static TConfig Config<TConfig>(string path)
    {
        using var file = SafetensorsFile.Open(path);
        return file.Metadata.TryGetValue(ConfigKey, out var json) && JsonSerializer.Deserialize<TConfig>(json, BundleJson.Options) is { } config
            ? config
            : throw new CheckpointException($"{path}: has no architecture in its metadata. Specify a file that a `ctf train-...` command wrote.");
    }

    /// <summary>Builds the module with the file's architecture, loads the weights and switches to evaluation mode.</summary>
    /// <param name="device">Device of the module; null for the CPU.</param>
    /// <exception cref="CheckpointException">The file is damaged or was not written by <see cref="Save"/>.</exception>
    public static TModule Load<TModule, TConfig>(string path, Func<TConfig, TModule> build, Device? device = null)
        where TModule : nn.Module
    {
        using var fresh = new ParameterScope(device: device, initialise: false); // the file fills every weight
        var module = build(Config<TConfig>(path));
        using var file = SafetensorsFile.Open(path);
        StateDictLoader.Load(module, file);
        module.eval();
        return module;
    }
}
