using CtfService.Core.Models;
using CtfService.Model.Checkpoints.Tensors;

namespace CtfService.Model.Checkpoints.PyTorch;

/// <summary>
/// The outer structure of a checkpoint and the state dict in it. The search follows the reference's sampling scripts: the file itself if all its values are
/// tensors (FSDP), then <c>model</c>, <c>module</c>, <c>state_dict</c>, then the keys of other trainers, up to four levels deep. Averaged weights come first if
/// they are requested.
/// </summary>
public sealed class StateDictForm
{
    private const int MaxDepth = 4;

    private static readonly string[] Wrappers =
        ["model", "module", "state_dict", "model_state_dict", "model_state", "net", "network", "weights", "params", "checkpoint", "generator", "transformer"];

    private static readonly string[] AverageWrappers =
    [
        "ema", "ema_state_dict", "model_ema", "ema_model", "state_dict_ema", "ema_model_state_dict", "model_ema_state_dict",
        "ema_params", "ema_weights", "averaged_model", "shadow",
    ];

    private StateDictForm(string name, IReadOnlyDictionary<string, PyTorchTensor> tensors, IReadOnlyList<string> contents)
    {
        Name = name;
        Tensors = tensors;
        Contents = contents;
    }

    /// <summary>The location of the state dict, or a note that there is none; for display.</summary>
    public string Name { get; }

    /// <summary>One line per top-level value of the file.</summary>
    public IReadOnlyList<string> Contents { get; }

    /// <summary>In the order of the file; empty if the file holds no tensors.</summary>
    internal IReadOnlyDictionary<string, PyTorchTensor> Tensors { get; }

    /// <exception cref="CheckpointException">Averaged weights are requested, but the file has none.</exception>
    internal static StateDictForm Find(string path, object? root, bool preferEma) => root switch
    {
        PickleDictionary outer => Find(path, outer, preferEma),
        PyTorchTensor tensor => new StateDictForm(
            "none: the file is one tensor", new Dictionary<string, PyTorchTensor> { ["tensor"] = tensor }, [PickleText.Kind(tensor)]),
        IReadOnlyList<object?> list => new StateDictForm($"none: the file is a {PickleText.Kind(list)}", Listed(list), [.. list.Select(PickleText.Kind)]),
        _ => new StateDictForm($"no state dict: the file holds a {PickleText.Kind(root)}", new Dictionary<string, PyTorchTensor>(), []),
    };

    private static StateDictForm Find(string path, PickleDictionary outer, bool preferEma)
    {
        var contents = outer.Items.Select(item => $"{PickleText.Of(item.Key)}: {PickleText.Kind(item.Value)}").ToList();
        var averages = preferEma ? Named(outer, AverageWrappers, MaxDepth) : null;
        if ((averages ?? Search(outer, MaxDepth)) is not var (name, stateDict))
        {
            name = $"no state dict: none of the keys {string.Join(", ", Wrappers)} holds one";
            stateDict = new PickleDictionary();
        }

        var tensors = stateDict.Items.Where(item => item is { Key: string, Value: PyTorchTensor })
            .ToDictionary(item => (string)item.Key, item => (PyTorchTensor)item.Value!);
        var keys = StateDictKeys.Of(path, tensors.Keys, preferEma);
        if (preferEma && averages is null && !keys.HasAverages)
        {
            throw new CheckpointException(
                $"{path}: has no averaged weights (key '{AverageWrappers[0]}'); it contains {string.Join(", ", contents.Take(10))}. Use the plain weights.");
        }

        return new StateDictForm(
            name.Length == 0 ? "the file itself (flat, as FSDP writes it)" : name,
            keys.Names.ToDictionary(key => key.Key, key => tensors[key.Value]), contents);
    }

    /// <summary>Returns the keys that lead to the state dict, joined by dots (empty for the dict itself), and the dict; null if there is none.</summary>
    private static (string Name, PickleDictionary StateDict)? Search(PickleDictionary dictionary, int depth)
    {
        if (dictionary.Items.Count > 0 && dictionary.Items.All(item => item is { Key: string, Value: PyTorchTensor }))
        {
            return ("", dictionary);
        }

        return Named(dictionary, Wrappers, depth)
            ?? (dictionary.Items.Any(item => item is { Key: string, Value: PyTorchTensor }) ? ("", dictionary) : null);
    }

    /// <summary>Follows the first of these keys that leads to a state dict.</summary>
    private static (string Name, PickleDictionary StateDict)? Named(PickleDictionary dictionary, IEnumerable<string> wrappers, int depth)
    {
        foreach (var wrapper in depth == 0 ? [] : wrappers)
        {
            if (dictionary.Get(wrapper) is PickleDictionary inner && Search(inner, depth - 1) is var (name, stateDict))
            {
                return (name.Length == 0 ? wrapper : $"{wrapper}.{name}", stateDict);
            }
        }

        return null;
    }

    private static Dictionary<string, PyTorchTensor> Listed(IReadOnlyList<object?> list) =>
        list.Index().Where(item => item.Item is PyTorchTensor).ToDictionary(item => $"{item.Index}", item => (PyTorchTensor)item.Item!);
}
