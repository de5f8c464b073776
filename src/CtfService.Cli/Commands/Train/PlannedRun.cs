using CtfService.Cli.Shell;
using CtfService.Model.Clusters;
using CtfService.Model.Tokenizer;
using CtfService.Training.Data.Formats;
using CtfService.Training.Parts;
using CtfService.Training.Planning;
using CtfService.Training.Tokens;

namespace CtfService.Cli.Commands.Train;

/// <summary>What a plan knows of a run: what its folder has, and for the rest ImageNet with the published tokenizer.</summary>
/// <param name="Assumed">What the folder does not have, one part a line.</param>
internal sealed record PlannedRun(RunFolder Folder, PlannedData Data, IReadOnlyList<string> Assumed)
{
    /// <summary>Pixels along a side that become one token in the published tokenizer.</summary>
    private const int PixelsPerToken = 16;

    /// <param name="imageSize">Side of the images in pixels; null for that of the run's tokenizer, or 256 without one.</param>
    public static PlannedRun Of(RunFolder folder, int? imageSize)
    {
        var assumed = new List<string>();
        var data = PlannedData.ImageNet;
        if (File.Exists(folder.Tokenizer))
        {
            var tokenizer = ModelFile.Config<TokenizerConfig>(folder.Tokenizer);
            var side = imageSize ?? PartRecord.Read(folder.Tokenizer)?.PixelsOfImages ?? TrainingArguments.UsualImageSize;
            data = data with
            {
                GridSide = side / tokenizer.DownsampleFactor,
                Codewords = tokenizer.CodebookSize,
                Clusters = Math.Min(data.Clusters, tokenizer.CodebookSize),
                TokenizerBytes = new FileInfo(folder.Tokenizer).Length,
            };
        }
        else
        {
            data = data with { GridSide = imageSize is { } side ? side / PixelsPerToken : data.GridSide };
            assumed.Add($"tokenizer: {data.Codewords:N0} codewords, {data.GridSide}x{data.GridSide} tokens for an image");
        }

        if (File.Exists(folder.ClusterMap))
        {
            var map = ClusterMap.Load(folder.ClusterMap);
            data = data with { Clusters = map.ClusterCount, LargestCluster = map.LargestCluster };
        }
        else
        {
            assumed.Add($"cluster map: {data.Clusters:N0} clusters");
        }

        var path = folder.Tokens(ImageDatasetReader.TrainSplit);
        if (TokenSet.Exists(path))
        {
            using var tokens = TokenSet.Open(path);
            data = data with { Classes = tokens.ClassNames.Count, Images = tokens.Images, Variants = tokens.CropCount };
        }
        else
        {
            assumed.Add($"tokens: {data.Images:N0} images of {data.Classes:N0} classes, each in {data.Variants} variants");
        }

        return new PlannedRun(folder, data, assumed);
    }

    /// <summary>Writes what is assumed as messages.</summary>
    public PlannedRun Report(Terminal terminal)
    {
        foreach (var assumption in Assumed)
        {
            terminal.Error.WriteLine($"Assumed, because {Folder.Path} does not have it: {assumption}.");
        }

        return this;
    }
}
