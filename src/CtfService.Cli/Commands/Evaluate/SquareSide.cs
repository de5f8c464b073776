using CtfService.Core.Models;
using CtfService.Model.Bundles;

namespace CtfService.Cli.Commands.Evaluate;

/// <summary>The side of the images of a bundle.</summary>
internal static class SquareSide
{
    /// <summary>Returns the side in pixels.</summary>
    /// <exception cref="CheckpointException">The images are not squares.</exception>
    public static int Of(Bundle bundle) => bundle.Manifest.ImageWidth == bundle.Manifest.ImageHeight
        ? bundle.Manifest.ImageWidth
        : throw new CheckpointException(
            $"{bundle.Directory}: generates images of {bundle.Manifest.ImageWidth}x{bundle.Manifest.ImageHeight} pixels, expected squares: "
            + "real images are cropped to squares to compare them.");
}
