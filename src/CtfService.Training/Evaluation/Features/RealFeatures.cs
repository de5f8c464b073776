using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using CtfService.Training.Data;
using CtfService.Training.Evaluation.Statistics;
using CtfService.Training.Progress;
using static TorchSharp.torch;

namespace CtfService.Training.Evaluation.Features;

/// <summary>Features of the real images that generated images are compared with. Computed once for each data set and extractor, then read from disk.</summary>
/// <param name="Train">Training images: the reference.</param>
/// <param name="Test">Real images that the model has not seen: the result of a perfect generator; null if there are none.</param>
public sealed record RealFeatures(FeatureSet Train, FeatureSet? Test) : IDisposable
{
    /// <summary>Reads the features from the cache, or computes and caches them.</summary>
    /// <param name="cacheFolder">Folder with one file for each pair of data set and extractor.</param>
    /// <param name="train">Null if there are only statistics.</param>
    /// <param name="progress">Receives reports while features are computed.</param>
    /// <param name="statistics">Statistics that replace those of the training images; null if there are none.</param>
    /// <exception cref="DatasetException">The data set has a class that the extractor does not know.</exception>
    public static RealFeatures LoadOrExtract(
        string cacheFolder,
        IFeatureExtractor extractor,
        ImageDataset? train,
        ImageDataset? test,
        ITrainingProgress progress,
        FeatureStatistics? statistics = null,
        CancellationToken cancellation = default)
    {
        FeatureSet Set(string split, ImageDataset images)
        {
            var key = Key(extractor, images);
            var path = Path.Combine(cacheFolder, $"{extractor.Name}-{split}-{key[..16]}.safetensors");
            if (FeatureSetFile.TryLoad(path, key) is { } cached)
            {
                return cached;
            }

            var computed = FeatureSet.Extract(extractor, images, progress, cancellation);
            if (computed.IsFinite)
            {
                FeatureSetFile.Save(path, key, computed);
            }

            return computed;
        }

        var extracted = train is null ? null : Set("train", train);
        var reference = statistics is null ? extracted! : extracted?.With(statistics, extractor) ?? FeatureSet.Of(statistics, extractor);
        try
        {
            return new RealFeatures(reference, test is null ? null : Set("test", test));
        }
        catch
        {
            reference.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Computes the distance between two disjoint halves of the training images, which is due to sampling alone. Fréchet distances of few images are biased
    /// upwards, so compare the distance of a generated set with that of halves of the same size.
    /// </summary>
    /// <param name="perClass">Maximum number of images of each class in each half; a class with fewer than twice as many is divided evenly.</param>
    /// <param name="collector">Collects undefined distances with their reasons.</param>
    /// <param name="name">Name of the figure in the report.</param>
    public HalfDistance Halves(FigureCollector collector, string name, int perClass = int.MaxValue)
    {
        int[] first = [], second = [];
        if (Train.Count > 0)
        {
            (first, second) = (InHalf(0, perClass), InHalf(1, perClass));
        }

        return new HalfDistance(
            first.Length,
            second.Length,
            collector.Compute($"{name}.fid", () => Distance(Train.Kept.Pooled, first, second)),
            collector.Compute($"{name}.sfid", () => Distance(Train.Kept.Spatial, first, second)));
    }

    public void Dispose()
    {
        Train.Dispose();
        Test?.Dispose();
    }

    /// <summary>Computes the distance of <see cref="Halves"/> for the pooled features only.</summary>
    /// <exception cref="UndefinedFigureException">A half has fewer than two images, or features are not finite.</exception>
    public double HalvesFid(int perClass) => Distance(Train.Kept.Pooled, InHalf(0, perClass), InHalf(1, perClass));

    /// <summary>Returns the rows of the images with even (half 0) or odd (half 1) round.</summary>
    private int[] InHalf(int half, int perClass)
    {
        var images = Train.Kept.Images;
        return [.. Enumerable.Range(0, images.Count).Where(row => images[row].Round % 2 == half && images[row].Round / 2 < perClass)];
    }

    private double Distance(Tensor features, int[] firstRows, int[] secondRows)
    {
        using var first = Train.Kept.Gaussian(features, firstRows);
        using var second = Train.Kept.Gaussian(features, secondRows);
        return first.FrechetDistance(second);
    }

    /// <summary>Returns a SHA-256 hash of everything that the features depend on.</summary>
    private static string Key(IFeatureExtractor extractor, ImageDataset images)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> size = stackalloc byte[2 * sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(size, images.Width);
        BinaryPrimitives.WriteInt32LittleEndian(size[sizeof(int)..], images.Height);
        hash.AppendData(size);
        hash.AppendData(Encoding.UTF8.GetBytes($"{extractor.Hash}\n{string.Join('\n', images.ClassNames)}\n"));
        hash.AppendData(MemoryMarshal.AsBytes<int>(images.ClassIds.ToArray()));
        if (images.Stored is { } stored)
        {
            hash.AppendData(Encoding.UTF8.GetBytes(stored.Identity())); // decoding all images takes longer than reading the cache saves
        }
        else
        {
            foreach (var image in images.Images)
            {
                hash.AppendData(image);
            }
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}

/// <summary>The distance between two halves of the training images.</summary>
/// <param name="FirstImages">Number of images in the first half.</param>
/// <param name="SecondImages">Number of images in the second half; fewer if classes have an odd number of images.</param>
public sealed record HalfDistance(int FirstImages, int SecondImages, double? Fid, double? Sfid);
