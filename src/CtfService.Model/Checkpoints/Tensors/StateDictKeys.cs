using CtfService.Core.Models;

namespace CtfService.Model.Checkpoints.Tensors;

/// <summary>
/// The keys of a state dict without the prefixes of training wrappers: DistributedDataParallel, torch.compile, FSDP and weight averaging add names before or
/// inside the keys, in any number and order (<c>module._orig_mod.layers.0.weight</c>).
/// </summary>
internal sealed class StateDictKeys
{
    /// <summary>First parts of the keys of averaged weights.</summary>
    private static readonly HashSet<string> Averages = ["ema", "ema_model", "model_ema", "module_ema", "averaged_model", "swa_model"];

    /// <summary>Parts that only wrappers add; removed wherever they occur.</summary>
    private static readonly HashSet<string> Wrappers =
        ["_orig_mod", "_fsdp_wrapped_module", "_fpw_module", "_checkpoint_wrapped_module", "_forward_module", "_dp_module"];

    /// <summary>First parts that are removed if all keys share them.</summary>
    private static readonly HashSet<string> Roots =
    [
        "module", "model", "net", "network", "state_dict", "transformer", "generator", "gpt",
        "vq_model", "vqvae", "vqgan", "tokenizer", "first_stage_model", .. Averages,
    ];

    /// <summary>A counter that torch.optim.swa_utils.AveragedModel stores with the weights.</summary>
    private const string AverageCount = "n_averaged";

    private StateDictKeys(Dictionary<string, string> names) => Names = names;

    /// <summary>Maps the key of the model to the key in the file, in the order of the file.</summary>
    public IReadOnlyDictionary<string, string> Names { get; }

    /// <summary>True if the file has averaged weights in addition to the plain ones.</summary>
    public bool HasAverages { get; private init; }

    /// <param name="path">For error messages.</param>
    /// <param name="preferEma">Takes the averaged weights if there are two sets.</param>
    /// <exception cref="CheckpointException">Two keys are equal without their prefixes.</exception>
    public static StateDictKeys Of(string path, IEnumerable<string> stored, bool preferEma)
    {
        var keys = stored.Where(key => key != AverageCount).Select(key => (Parts: WithoutWrappers(key), Stored: key)).ToList();
        var hasAverages = false;
        while (keys.Count > 0 && keys.TrueForAll(key => key.Parts.Length > 1))
        {
            var averages = keys.Where(key => Averages.Contains(key.Parts[0])).ToList();
            if (averages.Count > 0 && averages.Count < keys.Count)
            {
                hasAverages = true;
                keys = preferEma ? averages : [.. keys.Except(averages)];
            }
            else if (Roots.Contains(keys[0].Parts[0]) && keys.TrueForAll(key => key.Parts[0] == keys[0].Parts[0]))
            {
                keys = [.. keys.Select(key => (key.Parts[1..], key.Stored))];
            }
            else
            {
                break;
            }
        }

        return new StateDictKeys(Unique(path, keys)) { HasAverages = hasAverages };
    }

    private static string[] WithoutWrappers(string key)
    {
        var parts = key.Split('.');
        string[] rest = [.. parts.Where(part => !Wrappers.Contains(part))];
        return rest.Length > 0 ? rest : parts;
    }

    private static Dictionary<string, string> Unique(string path, List<(string[] Parts, string Stored)> keys)
    {
        var names = new Dictionary<string, string>();
        foreach (var (parts, stored) in keys)
        {
            var name = string.Join('.', parts);
            if (!names.TryAdd(name, stored))
            {
                throw new CheckpointException(
                    $"{path}: '{names[name]}' and '{stored}' are both '{name}' without the prefixes of training wrappers; the file holds two models. "
                        + "Save each model in its own file.");
            }
        }

        return names;
    }
}
