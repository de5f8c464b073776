using System.Globalization;
using System.Text.Json;
using CtfService.Model.Bundles;
using CtfService.Model.Checkpoints;
using CtfService.Training.Classification;
using CtfService.Training.Evaluation.Statistics;
using static TorchSharp.torch;

namespace CtfService.Training.Evaluation.Features;

/// <summary>Caches a <see cref="FeatureSet"/> on disk, so that the features of real images are computed once.</summary>
internal static class FeatureSetFile
{
    private const string KeyKey = "key";
    private const string CountKey = "count";
    private const string ScoreKey = "inception_score";
    private const string ClassesKey = "classes";

    /// <summary>Version of the format; increase when older files must not be read.</summary>
    private const string Version = "3";

    private const string VersionKey = "version";

    /// <summary>Writes a feature set.</summary>
    /// <param name="set">Set with finite features.</param>
    public static void Save(string path, string key, FeatureSet set)
    {
        using var scope = NewDisposeScope();
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        SafetensorsWriter.Write(
            path,
            [
                ("pooled.mean", set.Pooled.Mean),
                ("pooled.covariance", set.Pooled.Covariance),
                ("spatial.mean", set.Spatial.Mean),
                ("spatial.covariance", set.Spatial.Covariance),
                ("kept.pooled", set.Kept.Pooled),
                ("kept.spatial", set.Kept.Spatial),
                ("kept.class_ids", tensor(set.Kept.Images.Select(image => image.ClassId).ToArray())),
                ("kept.rounds", tensor(set.Kept.Images.Select(image => image.Round).ToArray())),
            ],
            new Dictionary<string, string>
            {
                [VersionKey] = Version,
                [KeyKey] = key,
                [CountKey] = set.Count.ToString(CultureInfo.InvariantCulture),
                [ScoreKey] = JsonSerializer.Serialize(set.Parts.Score, BundleJson.Options),
                [ClassesKey] = JsonSerializer.Serialize(set.Classes, BundleJson.Options),
            });
    }

    /// <summary>Reads a feature set.</summary>
    /// <returns>Null if the file does not exist or has other images, another extractor or another version.</returns>
    public static FeatureSet? TryLoad(string path, string key)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        using var file = SafetensorsFile.Open(path);
        if (file.Metadata.GetValueOrDefault(VersionKey) != Version || file.Metadata.GetValueOrDefault(KeyKey) != key)
        {
            return null;
        }

        using var scope = NewDisposeScope();
        var count = int.Parse(file.Metadata[CountKey], CultureInfo.InvariantCulture);
        var images = file.Read("kept.class_ids").data<int>().Zip(file.Read("kept.rounds").data<int>(), (classId, round) => new FeatureRow(classId, round));
        return new FeatureSet(new FeatureSetParts(
            new Gaussian(file.Read("pooled.mean"), file.Read("pooled.covariance"), count),
            new Gaussian(file.Read("spatial.mean"), file.Read("spatial.covariance"), count),
            JsonSerializer.Deserialize<InceptionScore>(file.Metadata[ScoreKey], BundleJson.Options)!,
            new FeatureRows(file.Read("kept.pooled").DetachFromDisposeScope(), file.Read("kept.spatial").DetachFromDisposeScope(), [.. images]),
            JsonSerializer.Deserialize<ClassifierReport?>(file.Metadata[ClassesKey], BundleJson.Options),
            IsFinite: true));
    }
}
