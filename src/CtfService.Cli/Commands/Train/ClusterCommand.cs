using System.CommandLine;
using System.CommandLine.Parsing;
using CtfService.Cli.Commands.Options;
using CtfService.Cli.Reports;
using CtfService.Cli.Shell;
using CtfService.Model.Clusters;
using CtfService.Model.Tokenizer;
using CtfService.Training.Clusters;
using CtfService.Training.Data;
using CtfService.Training.Data.Files;
using CtfService.Training.Optimization;
using CtfService.Training.Parts;
using static TorchSharp.torch;

namespace CtfService.Cli.Commands.Train;

/// <summary><c>ctf cluster</c>: groups the tokenizer's codewords, into as many clusters as asked for or as look right.</summary>
internal static class ClusterCommand
{
    private const string Auto = "auto";
    private const string All = "all";

    public static Command Create(Terminal terminal)
    {
        var runFolder = TrainingArguments.RunOption();
        var clusters = ClustersOption();
        var random = new Option<bool>("--random") { Description = "Deal the codewords out at random, to compare k-means with." };
        var seed = CommandOption.Seed();
        var swaps = new SwapArguments(needsData: false);
        var command = new Command("cluster", "Groups the codewords of a trained tokenizer by k-means; prints JSON.") { runFolder, clusters, random, seed };
        swaps.AddTo(command);
        command.Validators.Add(result => RequireFit(result, clusters, random, swaps));
        command.SetAction((arguments, cancellation) =>
        {
            TorchThreads.UseAllCores();
            using var frozen = no_grad();
            var folder = new RunFolder(arguments.GetRequiredValue(runFolder));
            folder.Require(folder.Tokenizer);
            var config = ModelFile.Config<TokenizerConfig>(folder.Tokenizer);
            UsageException.ThrowIfAny([swaps.SideProblem(arguments, folder.Tokenizer, config), ClustersProblem(arguments.GetRequiredValue(clusters), config)]);
            using var tokenizer = ModelFile.Load<VqTokenizer, TokenizerConfig>(folder.Tokenizer, config => new VqTokenizer(config));
            using var held = folder.Lock();
            using var codewords = tokenizer.Quantizer.Codewords();
            var map = arguments.GetRequiredValue(clusters) switch
            {
                All => ClusterMap.Identity(codewords),
                Auto => Choose(terminal, (folder.Tokenizer, tokenizer), swaps, arguments, arguments.GetValue(seed), cancellation),
                var number when arguments.GetValue(random) => ClusterMap.Random(codewords, Count(number), arguments.GetValue(seed)),
                var number => ClusterMap.Compute(codewords, Count(number), arguments.GetValue(seed)),
            };
            map.Save(
                folder.ClusterMap,
                PartRecord.Of(PartRecord.Tokenizer, TokenizerIdentity.Of(tokenizer)).With("clusters", arguments.GetRequiredValue(clusters))
                    .With("random", arguments.GetValue(random)).With("seed", arguments.GetValue(seed)).Metadata);
            var validator = new RunValidator(terminal.Error.WriteLine);
            validator.NoteOtherMap(folder.Coarse, map);
            validator.NoteOtherMap(folder.Fine, map);
            var sizes = map.Members.Select(members => members.Length).Order().ToList();
            ReportJson.Write(terminal.Output, new
            {
                map.CodebookSize,
                map.ClusterCount,
                SmallestCluster = sizes[0],
                MedianCluster = sizes[sizes.Count / 2],
                map.LargestCluster,
                File = folder.ClusterMap,
            });
            return Task.FromResult(ExitCode.Success);
        });
        return command;
    }

    private static int Count(string number) => NumberText.TryRead(number, Ranges.Clusters, out var count) ? count : throw new InvalidOperationException(number);

    private static string? ClustersProblem(string clusters, TokenizerConfig tokenizer) =>
        clusters is not (Auto or All) ? ClustersProblem(Count(clusters), tokenizer.CodebookSize) : null;

    /// <summary>What is wrong with a number of clusters; null if the codebook has as many codewords.</summary>
    public static string? ClustersProblem(int clusters, int codewords) =>
        clusters <= codewords ? null : $"--clusters is {clusters}, expected at most {codewords}, the codewords of the tokenizer";

    private static Option<string> ClustersOption()
    {
        var option = CommandOption.WithDefault(
            "--clusters",
            $"Number of clusters; '{Auto}' chooses one by what swaps within clusters do to images; "
                + $"'{All}' makes each codeword its own, for a plain model. Range: {Ranges.Clusters}.",
            "256");
        option.Validators.Add(result =>
        {
            var text = result.Tokens.Count == 1 ? result.Tokens[0].Value : Auto;
            if (text is not (Auto or All) && !NumberText.TryRead(text, Ranges.Clusters, out _))
            {
                result.AddError($"{NumberText.Problem("--clusters", text, Ranges.Clusters)} Or write '{Auto}' or '{All}'.");
            }
        });
        return option;
    }

    private static void RequireFit(CommandResult result, Option<string> clusters, Option<bool> random, SwapArguments swaps)
    {
        var isAuto = result.GetValue(clusters) == Auto;
        if (result.GetValue(random) && (isAuto || result.GetValue(clusters) == All))
        {
            result.AddError("--random needs a number of clusters.");
        }

        if (isAuto != swaps.HasData(result))
        {
            result.AddError(isAuto ? "--clusters auto looks at images: name them with --data." : "--data is for --clusters auto.");
        }
    }

    private static ClusterMap Choose(
        Terminal terminal,
        (string Path, VqTokenizer Module) source,
        SwapArguments swaps,
        ParseResult arguments,
        ulong seed,
        CancellationToken cancellation)
    {
        void Say(FormattableString text) => terminal.Error.WriteLine(FormattableString.Invariant(text));
        var (tokenizerPath, tokenizer) = source;
        using var study = new SwapStudy(tokenizer, swaps.Images(arguments, tokenizerPath, terminal, cancellation), arguments.GetValue(swaps.ImageCount));
        Say($"The tokenizer's own squared error on {study.ImageCount} images: {study.ReconstructionError:0.00000}.");
        return ClusterChoice.Choose(
            tokenizer, study, seed, result => Say($"{result.ClusterCount} clusters: swaps change images by {result.SquaredError:0.00000}."), cancellation);
    }
}

/// <summary>Options of the commands that swap tokens within clusters: which images to do it to.</summary>
internal sealed class SwapArguments
{
    private readonly Option<string?> _data;
    private readonly Option<int?> _imageSize = TrainingArguments.ImageSizeOption();
    private readonly Option<int> _maxPixels = MaxPixelsOption.Create();

    /// <param name="needsData">Whether the command cannot do without images.</param>
    public SwapArguments(bool needsData) => _data = new("--data") { Description = TrainingArguments.DataDescription, Required = needsData };

    public Option<int> ImageCount { get; } = CommandOption.Number("--images", "Test images to look at, evenly spread.", 192, TrainingRanges.Images);

    public void AddTo(Command command)
    {
        command.Options.Add(_data);
        command.Options.Add(_imageSize);
        command.Options.Add(_maxPixels);
        command.Options.Add(ImageCount);
    }

    /// <summary>What is wrong with the size of the images; null if the tokenizer takes it, or there are no images.</summary>
    public string? SideProblem(ParseResult arguments, string tokenizerPath, TokenizerConfig tokenizer) =>
        arguments.GetValue(_data) is null ? null : tokenizer.SideProblem("--image-size", ImageSize(arguments, tokenizerPath, _ => { }));

    public bool HasData(CommandResult result) => result.GetValue(_data) is not null;

    /// <param name="tokenizerPath">Says which size the images should have if the arguments do not.</param>
    public ImageDataset Images(ParseResult arguments, string tokenizerPath, Terminal terminal, CancellationToken cancellation)
    {
        var imageSize = ImageSize(arguments, tokenizerPath, terminal.Error.WriteLine);
        var images = ImageFolder.Open(arguments.GetRequiredValue(_data)!, imageSize, "test", arguments.GetValue(_maxPixels), cancellation);
        SkippedImages.Report(images, terminal);
        return images;
    }

    private int ImageSize(ParseResult arguments, string tokenizerPath, Action<string> note) =>
        new RunValidator(note).ImageSize(tokenizerPath, arguments.GetValue(_imageSize), TrainingArguments.UsualImageSize);
}
