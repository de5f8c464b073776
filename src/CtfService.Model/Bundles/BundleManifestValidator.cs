using CtfService.Core.Classes;
using CtfService.Core.Generation;
using CtfService.Model.Layers;
using CtfService.Model.Transformer;

namespace CtfService.Model.Bundles;

/// <summary>Finds all contradictions in a manifest before any weight is read.</summary>
internal sealed class BundleManifestValidator
{
    private readonly List<string> _problems = [];

    private BundleManifestValidator()
    {
    }

    /// <summary>Returns one clause for each problem; empty if the manifest is valid.</summary>
    public static IReadOnlyList<string> Problems(BundleManifest manifest)
    {
        var validator = new BundleManifestValidator();
        validator.CheckNames(manifest);
        validator._problems.AddRange(manifest.Tokenizer.Problems(name => $"tokenizer.{name}"));
        validator.CheckTransformer("coarse", manifest.Coarse, manifest);
        validator.CheckStages(manifest);
        validator._problems.AddRange(manifest.Sampling.Coarse.Problems("sampling.coarse"));
        validator._problems.AddRange(manifest.Sampling.Fine.Problems("sampling.fine"));
        validator._problems.AddRange(manifest.Evaluation?.Problems() ?? []);
        validator._problems.AddRange(manifest.Expected?.Problems() ?? []);
        return validator._problems;
    }

    private void CheckNames(BundleManifest manifest)
    {
        Require(!string.IsNullOrWhiteSpace(manifest.Name), "name is empty");
        RequireRange("the number of class_labels", manifest.ClassLabels.Count, ArchitectureRanges.Classes);
        if (manifest.ClassLabels.Concat(manifest.WordNetIds ?? []).Any(string.IsNullOrWhiteSpace))
        {
            _problems.Add("class_labels or wordnet_ids contains an empty name");
            return;
        }

        try
        {
            _ = new ClassCatalog(manifest.ClassLabels, manifest.WordNetIds);
        }
        catch (ArgumentException error)
        {
            _problems.Add($"class_labels: {error.Message}");
        }
    }

    private void CheckTransformer(string stage, TransformerConfig transformer, BundleManifest manifest)
    {
        _problems.AddRange(transformer.Problems(name => $"{stage}.{name}"));
        RequireEqual($"{stage}.class_count", transformer.ClassCount, "the number of class_labels", manifest.ClassLabels.Count);
        RequireEqual($"{stage}.input_vocabulary", transformer.InputVocabulary, "cluster_count", manifest.ClusterCount);
        var factor = manifest.Tokenizer.DownsampleFactor;
        RequireRange("image_width", manifest.ImageWidth, ArchitectureRanges.ImageSide);
        RequireRange("image_height", manifest.ImageHeight, ArchitectureRanges.ImageSide);
        RequireEqual("image_width", manifest.ImageWidth, $"{stage}.grid_width times the tokenizer's factor of {factor}", transformer.GridWidth * factor);
        RequireEqual("image_height", manifest.ImageHeight, $"{stage}.grid_height times the tokenizer's factor of {factor}", transformer.GridHeight * factor);
    }

    private void CheckStages(BundleManifest manifest)
    {
        var codebookSize = manifest.Tokenizer.CodebookSize;
        Require(
            manifest.ClusterCount >= 1 && manifest.ClusterCount <= codebookSize,
            $"cluster_count is {manifest.ClusterCount}, expected 1 to the codebook size of {codebookSize}");
        RequireEqual("coarse.output_vocabulary", manifest.Coarse.OutputVocabulary, "cluster_count", manifest.ClusterCount);
        Require(manifest.Coarse.Causal, "coarse.causal is false; the coarse stage predicts labels sequentially");
        if (manifest.Fine is null)
        {
            RequireEqual("cluster_count", manifest.ClusterCount, "the codebook size, as there is no fine stage", codebookSize);
            return;
        }

        CheckTransformer("fine", manifest.Fine, manifest);
        RequireEqual("fine.output_vocabulary", manifest.Fine.OutputVocabulary, "the codebook size", codebookSize);
        Require(!manifest.Fine.Causal, "fine.causal is true; the fine stage sees every coarse label");
    }

    private void RequireRange(string name, int value, NumberRange<int> range) =>
        _problems.AddRange(ArchitectureRanges.Problem(name, value, range) is { } problem ? [problem] : []);

    private void RequireEqual(string name, int value, string expectedName, int expected) =>
        Require(value == expected, $"{name} is {value}, but {expectedName} is {expected}");

    private void Require(bool condition, string problem)
    {
        if (!condition)
        {
            _problems.Add(problem);
        }
    }
}
