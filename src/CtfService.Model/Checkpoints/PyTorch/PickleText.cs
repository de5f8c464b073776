using System.Globalization;

namespace CtfService.Model.Checkpoints.PyTorch;

/// <summary>Describes pickled values briefly, for messages and reports.</summary>
internal static class PickleText
{
    private const int Longest = 60;

    public static string Kind(object? value) => value switch
    {
        null => "None",
        PickleDictionary dictionary => $"dict of {dictionary.Items.Count}{(dictionary.Items.Any(item => item.Value is PyTorchTensor) ? " with tensors" : "")}",
        PickleObject { TypeName: var type, Attributes.Items.Count: > 0 and var count } => $"{type} of {count} attributes",
        PickleObject { TypeName: var type, Arguments: var arguments } =>
            $"{type}({string.Join(", ", arguments.Take(4).Select(Argument))}{(arguments.Count > 4 ? ", ..." : "")})",
        PickleGlobal global => global.Name,
        PyTorchTensor tensor => $"tensor [{string.Join(", ", tensor.Shape)}]",
        List<object?> list => $"list of {list.Count}",
        object?[] tuple => $"tuple of {tuple.Length}",
        byte[] bytes => $"{bytes.Length} bytes",
        _ => Of(value),
    };

    /// <summary>Formats a value on one short line without control characters.</summary>
    public static string Of(object value)
    {
        var text = value is DBNull ? "None" : Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
        text = text.Length > Longest ? $"{text[..Longest]}..." : text;
        return new string([.. text.Select(letter => char.IsControl(letter) ? '?' : letter)]);
    }

    /// <summary>Omits nested values, so that the cost does not grow with the depth.</summary>
    private static string Argument(object? value) => value is PickleObject inner ? inner.TypeName : Kind(value);
}
