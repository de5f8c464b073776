using System.Runtime.CompilerServices;
using CtfService.Core.Generation;
using CtfService.Model.Clusters;
using CtfService.Model.Imaging;
using CtfService.Model.Tokenizer;
using static TorchSharp.torch;

namespace CtfService.Model.Stages;

/// <summary>
/// Takes from pictures what their images keep: the layout, or the tokens outside the mask of an edit. On the CPU it encodes one picture at a time, which is as
/// fast there and can be interrupted. Call from the device thread only.
/// </summary>
internal sealed class VqEncodeStage(VqTokenizer tokenizer, ClusterMap map, (int Width, int Height) grid, Device device)
{
    /// <summary>Images in one batch, as for VQ decode.</summary>
    public const int Capacity = VqDecodeStage.Capacity;

    /// <summary>The tokens of pictures that are still referenced. Images of the same picture share one encoding, even across batches.</summary>
    private readonly ConditionalWeakTable<RgbImage, int[]> _tokens = [];

    private readonly int _picturesAtOnce = device.type == TorchSharp.DeviceType.CPU ? 1 : Capacity;

    /// <param name="images">Images with a layout of <see cref="LayoutSource.Encoded"/> or <see cref="LayoutSource.Edited"/>.</param>
    /// <exception cref="OperationCanceledException">Cancelled between two pictures. No image has changed.</exception>
    public void Run(IReadOnlyList<RunningImage> images, CancellationToken cancellation = default)
    {
        RgbImage[] pictures = [.. images.Select(PictureOf).Distinct<RgbImage>(ReferenceEqualityComparer.Instance)
            .Where(picture => !_tokens.TryGetValue(picture, out _))];
        foreach (var together in pictures.Chunk(_picturesAtOnce))
        {
            cancellation.ThrowIfCancellationRequested();
            Encode(together);
        }

        foreach (var image in images)
        {
            _tokens.TryGetValue(PictureOf(image), out var tokens);
            if (image.Specification.Layout is LayoutSource.Edited { Mask: var mask })
            {
                image.Keep(Kept(tokens!, mask), map);
            }
            else
            {
                image.SetLayout(map.Coarsen(tokens));
            }
        }
    }

    private void Encode(RgbImage[] pictures)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var tokens = tokenizer.VqEncode(Pixels.ToTensor(pictures).to(device)); // int64 [B, T]
        var all = tokens.to(ScalarType.Int32).cpu().data<int>().ToArray();
        foreach (var (picture, ofPicture) in pictures.Zip(all.Chunk(all.Length / pictures.Length)))
        {
            _tokens.Add(picture, ofPicture);
        }
    }

    /// <summary>Returns the tokens of the cells that the mask does not touch, and <see cref="LayoutSource.NewToken"/> for the others.</summary>
    private int[] Kept(int[] tokens, EditMask mask) =>
        [.. mask.Cells(grid.Width, grid.Height).Select((isEdited, cell) => isEdited ? LayoutSource.NewToken : tokens[cell])];

    private static RgbImage PictureOf(RunningImage image) => image.Specification.Layout switch
    {
        LayoutSource.Encoded encoded => encoded.Picture,
        LayoutSource.Edited edited => edited.Picture,
        _ => throw new InvalidOperationException($"Image {image.Id} has no picture to encode."),
    };
}
