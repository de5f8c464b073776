using CtfService.Training.Data;
using CtfService.Training.Data.Formats;
using CtfService.Training.Evaluation.Statistics;
using static TorchSharp.torch;

namespace CtfService.Training.Evaluation.Features;

/// <summary>
/// Means and covariances of the features of a set of images in an npz file, as pytorch-fid, torch-fidelity and guided-diffusion write it: <c>mu</c> [D] and
/// <c>sigma</c> [D, D] of the pooled features and, if they exist, <c>mu_s</c> and <c>sigma_s</c> of the spatial features. Owns its tensors.
/// </summary>
public sealed record FeatureStatistics(string Path, Gaussian Pooled, Gaussian? Spatial) : IDisposable
{
    /// <summary>Largest number of features; the covariance then has 2 GB.</summary>
    private const long MaxWidth = 1 << 14;

    /// <summary>Number of pooled features.</summary>
    public int Width => (int)Pooled.Mean.shape[0];

    /// <summary>Returns true for an npz file with statistics.</summary>
    /// <param name="hasImages">Whether the file has the images too, as those of guided-diffusion do.</param>
    public static bool IsAt(string path, out bool hasImages)
    {
        hasImages = false;
        if (!File.Exists(path) || DatasetFormats.OfContent(path) != DatasetFormat.Npz)
        {
            return false;
        }

        using var archive = new NpzArchive(path);
        hasImages = archive.Names.Contains("arr_0");
        return archive.Names.Contains("mu") || archive.Names.Contains("sigma");
    }

    /// <summary>Reads the statistics.</summary>
    /// <exception cref="DatasetException">The file is damaged, or its arrays do not fit together.</exception>
    public static FeatureStatistics Load(string path)
    {
        using var archive = new NpzArchive(path);
        var pooled = Read(path, archive, "mu", "sigma");
        try
        {
            return new FeatureStatistics(path, pooled, archive.Names.Contains("mu_s") ? Read(path, archive, "mu_s", "sigma_s") : null);
        }
        catch
        {
            pooled.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        Pooled.Dispose();
        Spatial?.Dispose();
    }

    private static Gaussian Read(string path, NpzArchive archive, string meanName, string covarianceName)
    {
        using var mean = archive.Open(meanName);
        using var covariance = archive.Open(covarianceName);
        if (mean.Header.Shape is not [> 0 and <= MaxWidth] || covariance.Header.Shape is not [var rows, var columns]
            || rows != mean.Header.Shape[0] || columns != rows)
        {
            throw new DatasetException(
                $"'{path}' has {meanName} of shape {mean.Shape} and {covarianceName} of shape {covariance.Shape}; "
                + $"expected (D,) and (D, D), with at most {MaxWidth} features.");
        }

        var (means, covariances) = (mean.ReadReals(), covariance.ReadReals());
        if (!means.Concat(covariances).All(double.IsFinite))
        {
            throw new DatasetException($"'{path}' has values in {meanName} or {covarianceName} that are not finite. Compute the statistics again.");
        }

        using var scope = NewDisposeScope();
        return new Gaussian(tensor(means), tensor(covariances).reshape(rows, columns), count: 0);
    }
}
