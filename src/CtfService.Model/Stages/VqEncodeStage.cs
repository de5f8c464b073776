using System.Runtime.CompilerServices;
using CtfService.Core.Generation;
using CtfService.Model.Clusters;
using CtfService.Model.Imaging;
using CtfService.Model.Tokenizer;
using static TorchSharp.torch;

namespace CtfService.Model.Stages;

/// <summary>
/// Takes layouts from pictures: VQ encode, then the cluster of each token. On the CPU it encodes one picture at a time, which is as fast there and can be
/// interrupted. Call from the device thread only.
/// </summary>
internal sealed class VqEncodeStage(VqTokenizer tokenizer, ClusterMap map, int positions, Device device)
{
    /// <summary>Images in one batch, as for VQ decode.</summary>
    public const int Capacity = VqDecodeStage.Capacity;

    /// <summary>The layouts of pictures that are still referenced. Images of the same picture share one encoding, even across batches.</summary>
    private readonly ConditionalWeakTable<RgbImage, int[]> _layouts = [];

    private readonly int _picturesAtOnce = device.type == TorchSharp.DeviceType.CPU ? 1 : Capacity;

    /// <param name="images">Images with a <see cref="LayoutSource.Encoded"/> layout.</param>
    /// <exception cref="OperationCanceledException">Cancelled between two pictures. No image has its layout.</exception>
    public void Run(IReadOnlyList<RunningImage> images, CancellationToken cancellation = default)
    {
        RgbImage[] pictures = [.. images.Select(PictureOf).Distinct<RgbImage>(ReferenceEqualityComparer.Instance)
            .Where(picture => !_layouts.TryGetValue(picture, out _))];
        foreach (var together in pictures.Chunk(_picturesAtOnce))
        {
            cancellation.ThrowIfCancellationRequested();
            Encode(together);
        }

        foreach (var image in images)
        {
            _layouts.TryGetValue(PictureOf(image), out var layout);
            image.SetLayout(layout);
        }
    }

    private void Encode(RgbImage[] pictures)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var tokens = tokenizer.VqEncode(Pixels.ToTensor(pictures).to(device)); // int64 [B, T]
        var labels = map.Coarsen(tokens.to(ScalarType.Int32).cpu().data<int>().ToArray());
        for (var picture = 0; picture < pictures.Length; picture++)
        {
            _layouts.Add(pictures[picture], labels[(picture * positions)..((picture + 1) * positions)]);
        }
    }

    private static RgbImage PictureOf(RunningImage image) => ((LayoutSource.Encoded)image.Specification.Layout).Picture;
}
