using CtfService.Core.Models;
using CtfService.Model.Checkpoints.Tensors;
using static TorchSharp.torch;

namespace CtfService.Model.Checkpoints;

/// <summary>Copies the weights of a file into a module, all of them or none.</summary>
public static class StateDictLoader
{
    /// <summary>Checks every key, shape and dtype first; then copies, casting to the dtype and device of the module.</summary>
    /// <param name="ignoredPrefixes">Keys of the file that start with one of these may be unexpected.</param>
    /// <param name="cancellation">Checked before each tensor.</param>
    /// <exception cref="CheckpointException">The file does not fit; the message lists every missing, unexpected and wrongly shaped key. Nothing was
    /// copied.</exception>
    /// <exception cref="OperationCanceledException">Some tensors may have been copied.</exception>
    public static void Load(nn.Module module, TensorFile file, IReadOnlyCollection<string>? ignoredPrefixes = null, CancellationToken cancellation = default)
    {
        if (Problems(module, file, ignoredPrefixes) is { } problems)
        {
            throw new CheckpointException(problems);
        }

        using var inference = no_grad();
        foreach (var (name, target) in module.state_dict())
        {
            cancellation.ThrowIfCancellationRequested();
            file.CopyTo(name, target);
        }
    }

    /// <summary>
    /// Returns one paragraph that lists every missing, unexpected and wrongly shaped key, or null if the file fits. The module may be on the meta device, so
    /// that an architecture is compared before memory is allocated for it.
    /// </summary>
    internal static string? Problems(nn.Module module, TensorFile file, IReadOnlyCollection<string>? ignoredPrefixes = null)
    {
        var problems = Compare(module.state_dict(), file, ignoredPrefixes ?? []);
        return problems.Count == 0
            ? null
            : $"{file.Path} does not fit {module.GetName()}:{Environment.NewLine}{string.Join(Environment.NewLine, problems)}{Environment.NewLine}"
                + "The file was made for another architecture; check the configuration next to it.";
    }

    private static List<string> Compare(Dictionary<string, Tensor> targets, TensorFile file, IReadOnlyCollection<string> ignoredPrefixes)
    {
        var missing = targets.Keys.Where(name => !file.Contains(name));
        var unexpected = file.Entries
            .Where(entry => !targets.ContainsKey(entry.Name) && !ignoredPrefixes.Any(prefix => entry.Name.StartsWith(prefix, StringComparison.Ordinal)))
            .Select(entry => entry.Name);
        return
        [
            .. missing.Order(StringComparer.Ordinal).Select(name => $"  missing: {name} {Describe(targets[name].shape)}"),
            .. unexpected.Order(StringComparer.Ordinal).Select(name => $"  unexpected: {name} {file.Entry(name).ShapeText}"),
            .. targets.Where(target => file.Contains(target.Key)).SelectMany(target => ProblemsOf(target.Key, target.Value, file.Entry(target.Key))),
        ];
    }

    private static IEnumerable<string> ProblemsOf(string name, Tensor target, TensorEntry entry)
    {
        if (!target.shape.SequenceEqual(entry.Shape))
        {
            yield return $"  wrong shape: {name} is {entry.ShapeText}, expected {Describe(target.shape)}";
        }

        if (target.is_floating_point() != ElementType.IsFloatingPoint(entry.Dtype))
        {
            yield return $"  wrong dtype: {name} is {entry.Dtype}, expected {target.dtype}";
        }
    }

    private static string Describe(IReadOnlyList<long> shape) => $"[{string.Join(", ", shape)}]";
}
