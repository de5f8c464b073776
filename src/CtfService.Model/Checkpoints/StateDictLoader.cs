using CtfService.Core.Models;
using static TorchSharp.torch;

namespace CtfService.Model.Checkpoints;

/// <summary>Copies the weights of a safetensors file into a module, all or nothing.</summary>
public static class StateDictLoader
{
    /// <summary>
    /// Compares names, shapes and kinds of numbers first, then copies, casting to the element type and device the module has.
    /// </summary>
    /// <param name="ignoredPrefixes">Keys of the file that start with one of these may be left over.</param>
    /// <exception cref="CheckpointException">The file does not fit; every missing, unexpected and wrongly shaped key is named. Nothing was copied.</exception>
    public static void Load(nn.Module module, SafetensorsFile file, IReadOnlyCollection<string>? ignoredPrefixes = null)
    {
        var targets = module.state_dict();
        var problems = Compare(targets, file, ignoredPrefixes ?? []);
        if (problems.Count > 0)
        {
            throw new CheckpointException(
                $"{file.Path} does not fit {module.GetName()}:{Environment.NewLine}{string.Join(Environment.NewLine, problems)}{Environment.NewLine}"
                + "The file was made for another architecture; check the configuration beside it.");
        }

        using var inference = no_grad();
        foreach (var (name, target) in targets)
        {
            using var scope = NewDisposeScope();
            target.copy_(file.Read(name));
        }
    }

    private static List<string> Compare(Dictionary<string, Tensor> targets, SafetensorsFile file, IReadOnlyCollection<string> ignoredPrefixes)
    {
        var missing = targets.Keys.Where(name => !file.Contains(name));
        var unexpected = file.Entries
            .Where(entry => !targets.ContainsKey(entry.Name) && !ignoredPrefixes.Any(prefix => entry.Name.StartsWith(prefix, StringComparison.Ordinal)))
            .Select(entry => entry.Name);
        return
        [
            .. missing.Order(StringComparer.Ordinal).Select(name => $"  missing: {name} {Describe(targets[name].shape)}"),
            .. unexpected.Order(StringComparer.Ordinal).Select(name => $"  unexpected: {name} {Describe(file.Entry(name).Shape)}"),
            .. targets.Where(target => file.Contains(target.Key)).SelectMany(target => Misfits(target.Key, target.Value, file.Entry(target.Key))),
        ];
    }

    private static IEnumerable<string> Misfits(string name, Tensor target, SafetensorsEntry entry)
    {
        if (!target.shape.SequenceEqual(entry.Shape))
        {
            yield return $"  wrong shape: {name} is {Describe(entry.Shape)}, expected {Describe(target.shape)}";
        }

        if (target.is_floating_point() != entry.Dtype.IsFloatingPoint())
        {
            yield return $"  wrong type: {name} is {entry.Dtype}, expected {target.dtype}";
        }
    }

    private static string Describe(IReadOnlyList<long> shape) => $"[{string.Join(", ", shape)}]";

    private static bool IsFloatingPoint(this ScalarType type) =>
        type is ScalarType.Float64 or ScalarType.Float32 or ScalarType.Float16 or ScalarType.BFloat16;
}
