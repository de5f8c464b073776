using CtfService.Core.Models;
using CtfService.Model.Checkpoints;
using CtfService.Model.Transformer;
using static TorchSharp.torch;

namespace CtfService.Model.Clusters;

/// <summary>
/// Reads and writes usual labels as safetensors: <c>labels</c> I32 [classes, T, K] and <c>log_frequencies</c> F16 [classes, T, K].
/// </summary>
internal static class UsualLabelsFile
{
    private const string Labels = "labels";
    private const string LogFrequencies = "log_frequencies";

    public static void Save(UsualLabels usual, string path)
    {
        using var scope = NewDisposeScope();
        long[] shape = [usual.Classes, usual.Positions, usual.Most];
        SafetensorsWriter.Write(path,
        [
            (Labels, tensor(usual.Labels.ToArray(), ScalarType.Int32).reshape(shape)),
            (LogFrequencies, tensor(usual.LogFrequencies.ToArray(), ScalarType.Float32).to(ScalarType.Float16).reshape(shape)),
        ]);
    }

    /// <param name="coarse">The architecture of the coarse stage that draws the labels.</param>
    /// <exception cref="CheckpointException">The file is damaged, has no usual labels, or those of another architecture.</exception>
    public static UsualLabels Load(SafetensorsFile file, TransformerConfig coarse)
    {
        if (Problem(file, coarse) is { } problem)
        {
            throw new CheckpointException($"{file.Path}: {problem}.");
        }

        using var scope = NewDisposeScope();
        var labels = file.Read(Labels, ScalarType.Int32).data<int>().ToArray();
        var logFrequencies = file.Read(LogFrequencies, ScalarType.Float32).data<float>().ToArray();
        var most = (int)file.Entry(Labels).Shape[2];
        return UsualLabels.TryCreate(coarse.Positions, most, coarse.OutputVocabulary, labels, logFrequencies, out var wrong)
            ?? throw new CheckpointException(
                $"{file.Path}: {wrong}. Count the labels again with `ctf usual-labels`, or remove the file and its entry in model.json; images need neither.");
    }

    /// <summary>Returns what is wrong with the names, types and shapes of the tensors; null if nothing is.</summary>
    private static string? Problem(SafetensorsFile file, TransformerConfig coarse)
    {
        if (!file.Entries.Select(entry => entry.Name).Order(StringComparer.Ordinal).SequenceEqual([Labels, LogFrequencies]))
        {
            return $"contains {string.Join(", ", file.Entries.Select(entry => entry.Name))}; usual labels have {Labels} and {LogFrequencies}";
        }

        var (labels, logFrequencies) = (file.Entry(Labels), file.Entry(LogFrequencies));
        if (labels.Dtype is not (ScalarType.Int16 or ScalarType.Int32) || logFrequencies.Dtype is not (ScalarType.Float16 or ScalarType.Float32))
        {
            return $"{Labels} is {labels.Dtype} and {LogFrequencies} {logFrequencies.Dtype}; expected integers of 16 or 32 bits, and float16 or float32";
        }

        return labels.Shape is [var classes, var positions, >= 1] && classes == coarse.ClassCount && positions == coarse.Positions
            && labels.Shape.SequenceEqual(logFrequencies.Shape)
            ? null
            : $"{Labels} is {labels.ShapeText} and {LogFrequencies} {logFrequencies.ShapeText}; "
            + $"expected [{coarse.ClassCount}, {coarse.Positions}, K] for {coarse.ClassCount} classes and {coarse.Positions} positions, with the same K from 1";
    }
}
