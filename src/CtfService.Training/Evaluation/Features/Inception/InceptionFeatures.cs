using System.Security.Cryptography;
using System.Text;
using CtfService.Core.Models;
using CtfService.Model.Bundles;
using CtfService.Model.Checkpoints;
using CtfService.Model.Checkpoints.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace CtfService.Training.Evaluation.Features.Inception;

/// <summary>
/// Features of Inception-v3 with the weights that published FIDs are computed with, as converted by pytorch-fid. The user supplies the file. Figures are
/// comparable with published ones on the same data if preprocessing and number of images are the same.
/// </summary>
public sealed class InceptionFeatures : IFeatureExtractor
{
    /// <summary>Version of the extraction; increase when the same weights give other features.</summary>
    private const string Method = "inception-v3/1";

    private const string ExpectedFile = "pt_inception-2015-12-05-6726825d.pth";
    private const string StatisticsKey = ".bn.running_var";
    private const string CounterKey = ".bn.num_batches_tracked";

    private readonly InceptionNetwork _network;
    private readonly Device _device;

    private InceptionFeatures(InceptionNetwork network, Device device, string weightsHash)
    {
        _network = network;
        _device = device;
        Hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{Method} {weightsHash}")));
    }

    public string Name => "inception-v3";

    public string Hash { get; }

    public int PooledWidth => InceptionPlan.PooledWidth;

    public int SpatialWidth => InceptionPlan.SpatialChannels * InceptionPlan.SpatialSide * InceptionPlan.SpatialSide;

    /// <summary>Null: its 1008 classes are not those of the data set.</summary>
    public IReadOnlyList<string>? ClassNames => null;

    public int BatchSize => 32;

    /// <summary>Loads the network.</summary>
    /// <param name="path">File of the weights, in PyTorch's format or as safetensors.</param>
    /// <param name="device">Device of the network; the CPU if null.</param>
    /// <exception cref="CheckpointException">
    /// The file is missing, damaged or of another network; the message names every missing, unexpected and wrongly shaped key.
    /// </exception>
    public static InceptionFeatures Load(string path, Device? device = null)
    {
        using var file = CheckpointFile.Open(path);
        var network = new InceptionNetwork();
        try
        {
            Fill(network, file);
            network.to(device ?? CPU);
            return new InceptionFeatures(network, device ?? CPU, BundleReader.Hash(path));
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    /// <summary>Copies the weights. Batch counters, which newer PyTorch versions store and evaluation does not use, are optional.</summary>
    internal static void Fill(InceptionNetwork network, TensorFile file)
    {
        string[] counters = [.. network.state_dict().Keys
            .Where(key => key.EndsWith(StatisticsKey, StringComparison.Ordinal))
            .Select(key => key[..^StatisticsKey.Length] + CounterKey)];
        try
        {
            StateDictLoader.Load(network, file, counters);
        }
        catch (CheckpointException error)
        {
            throw new CheckpointException(
                $"{error.Message}{Environment.NewLine}Expected the weights that pytorch-fid publishes as {ExpectedFile}; "
                + "those of torchvision are of another network.",
                error);
        }
    }

    /// <inheritdoc/>
    public ImageFeatures Extract(Tensor pixels)
    {
        using var inference = no_grad();
        using var scope = NewDisposeScope();
        var features = _network.call(pixels.to(_device));
        return new ImageFeatures(
            features.Pooled.to(CPU).MoveToOuterDisposeScope(),
            features.Spatial.to(CPU).MoveToOuterDisposeScope(),
            features.Probabilities.to(CPU).MoveToOuterDisposeScope());
    }

    public void Dispose() => _network.Dispose();
}
