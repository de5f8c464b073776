using System.Globalization;
using CtfService.Core.Models;

namespace CtfService.Model.Checkpoints.PyTorch;

/// <summary>
/// The outer structure of a checkpoint and the state dict in it. The order of looking is the reference's sampling scripts': the file itself where all its
/// values are tensors (FSDP), then <c>model</c>, <c>module</c>, <c>state_dict</c>; <c>ema</c> first where that is asked for.
/// </summary>
public sealed class StateDictForm
{
    private const string Ema = "ema";

    private static readonly string[] Wrappers = ["model", "module", "state_dict"];

    /// <summary>What training wrappers put before every key.</summary>
    private static readonly string[] KeyPrefixes = ["module.", "_orig_mod."];

    private StateDictForm(string name, IReadOnlyDictionary<string, PyTorchTensor> tensors, IReadOnlyList<string> contents)
    {
        Name = name;
        Tensors = tensors;
        Contents = contents;
    }

    /// <summary>For people: where the state dict is, or that there is none.</summary>
    public string Name { get; }

    /// <summary>One line per top-level value of the file.</summary>
    public IReadOnlyList<string> Contents { get; }

    /// <summary>In the order of the file; empty where the file holds no state dict.</summary>
    internal IReadOnlyDictionary<string, PyTorchTensor> Tensors { get; }

    /// <exception cref="CheckpointException">Averaged weights are asked for and there are none.</exception>
    internal static StateDictForm Find(string path, object? root, bool preferEma)
    {
        if (root is not PickleDictionary outer)
        {
            return new StateDictForm($"no state dict: the file holds a {Kind(root)}", new Dictionary<string, PyTorchTensor>(), []);
        }

        var contents = outer.Items.Select(item => $"{Text(item.Key)}: {Kind(item.Value)}").ToList();
        if (preferEma)
        {
            return outer.Get(Ema) is PickleDictionary average
                ? new StateDictForm(Ema, Collect(average), contents)
                : throw new CheckpointException($"{path}: holds no averaged weights (key '{Ema}'); it holds {string.Join(", ", contents.Take(10))}. Ask for the plain weights.");
        }

        if (outer.Items.Count > 0 && outer.Items.All(item => item is { Key: string, Value: PyTorchTensor }))
        {
            return new StateDictForm("the file itself (flat, as FSDP writes it)", Collect(outer), contents);
        }

        foreach (var wrapper in Wrappers)
        {
            if (outer.Get(wrapper) is PickleDictionary inner)
            {
                return new StateDictForm(wrapper, Collect(inner), contents);
            }
        }

        return new StateDictForm($"no state dict: none of the keys {string.Join(", ", Wrappers)} holds one", new Dictionary<string, PyTorchTensor>(), contents);
    }

    /// <summary>Tensors by key, without a prefix that all keys share.</summary>
    private static Dictionary<string, PyTorchTensor> Collect(PickleDictionary stateDict)
    {
        var tensors = stateDict.Items.Where(item => item is { Key: string, Value: PyTorchTensor }).ToList();
        var skipped = KeyPrefixes
            .Where(prefix => tensors.Count > 0 && tensors.TrueForAll(item => ((string)item.Key).StartsWith(prefix, StringComparison.Ordinal)))
            .Select(prefix => prefix.Length).FirstOrDefault();
        return tensors.ToDictionary(item => ((string)item.Key)[skipped..], item => (PyTorchTensor)item.Value!);
    }

    private static string Kind(object? value) => value switch
    {
        null => "None",
        PickleDictionary dictionary => $"dict of {dictionary.Items.Count}{(dictionary.Items.Any(item => item.Value is PyTorchTensor) ? " with tensors" : "")}",
        PickleObject { TypeName: var type, Attributes.Items.Count: var count } => $"{type} of {count} attributes",
        PyTorchTensor tensor => $"tensor [{string.Join(", ", tensor.Shape)}]",
        List<object?> list => $"list of {list.Count}",
        object?[] tuple => $"tuple of {tuple.Length}",
        byte[] bytes => $"{bytes.Length} bytes",
        _ => Text(value),
    };

    /// <summary>Short, on one line, whatever a file's author wrote.</summary>
    private static string Text(object value)
    {
        const int Longest = 60;
        var text = Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
        text = text.Length > Longest ? $"{text[..Longest]}..." : text;
        return new string([.. text.Select(letter => char.IsControl(letter) ? '?' : letter)]);
    }
}
