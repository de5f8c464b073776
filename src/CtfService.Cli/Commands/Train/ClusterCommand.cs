using System.CommandLine;
using System.CommandLine.Parsing;
using CtfService.Cli.Commands.Options;
using CtfService.Cli.Reports;
using CtfService.Cli.Shell;
using CtfService.Model.Clusters;
using CtfService.Model.Layers;
using CtfService.Model.Tokenizer;
using CtfService.Training.Clusters;
using CtfService.Training.Parts;
using static TorchSharp.torch;

namespace CtfService.Cli.Commands.Train;

/// <summary><c>ctf cluster</c>: groups the codewords of the tokenizer into a given number of clusters, or chooses the number.</summary>
internal static class ClusterCommand
{
    private const string Auto = "auto";
    private const string All = "all";

    public static Command Create(Terminal terminal)
    {
        var runFolder = TrainingArguments.RunOption();
        var clusters = ClustersOption();
        var random = new Option<bool>("--random") { Description = "Assign the codewords at random, as a baseline for k-means." };
        var seed = CommandOption.Seed();
        var overwrite = new Option<bool>("--overwrite") { Description = "Replace the map although stages of the run were trained with it." };
        var swaps = new SwapArguments(needsData: false);
        var command = new Command("cluster", "Groups the codewords of a trained tokenizer by k-means; prints JSON.")
        {
            runFolder, clusters, random, seed, overwrite,
        };
        swaps.AddTo(command);
        command.Validators.Add(result => RequireFit(result, clusters, random, swaps));
        command.SetAction((arguments, cancellation) =>
        {
            TorchThreads.UseAllCores();
            using var frozen = no_grad();
            using var mixed = new Autocast(swaps.Compute.ComputeType(arguments));
            var device = swaps.Compute.DeviceOf(arguments);
            var folder = new RunFolder(arguments.GetRequiredValue(runFolder));
            folder.Require(folder.Tokenizer);
            var config = ModelFile.Config<TokenizerConfig>(folder.Tokenizer);
            UsageException.ThrowIfAny([swaps.SideProblem(arguments, folder.Tokenizer, config), ClustersProblem(arguments.GetRequiredValue(clusters), config)]);
            using var tokenizer = ModelFile.Load<VqTokenizer, TokenizerConfig>(folder.Tokenizer, config => new VqTokenizer(config), device);
            using var held = folder.Lock();
            using var codewords = tokenizer.Quantizer.Codewords();
            var map = arguments.GetRequiredValue(clusters) switch
            {
                All => ClusterMap.Identity(codewords),
                Auto => Choose(terminal, (folder.Tokenizer, tokenizer), swaps, arguments, arguments.GetValue(seed), cancellation),
                var number when arguments.GetValue(random) => ClusterMap.Random(codewords, Count(number), arguments.GetValue(seed)),
                var number => ClusterMap.Compute(codewords, Count(number), arguments.GetValue(seed)),
            };
            var validator = new RunValidator(terminal.Error.WriteLine);
            string[] stages = [folder.Coarse, folder.Fine];
            if (!arguments.GetValue(overwrite))
            {
                RunValidator.RequireMapOf(stages, map);
            }

            map.Save(
                folder.ClusterMap,
                PartRecord.Of(PartRecord.Tokenizer, TokenizerIdentity.Of(tokenizer)).With("clusters", arguments.GetRequiredValue(clusters))
                    .With("random", arguments.GetValue(random)).With("seed", arguments.GetValue(seed)).Metadata);
            validator.NoteOtherMap(stages, map);
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
        });
        return command;
    }

    private static int Count(string number) => NumberText.TryRead(number, Ranges.Clusters, out var count) ? count : throw new InvalidOperationException(number);

    private static string? ClustersProblem(string clusters, TokenizerConfig tokenizer) =>
        clusters is not (Auto or All) ? Ranges.ClustersProblem(Count(clusters), tokenizer.CodebookSize) : null;

    private static Option<string> ClustersOption()
    {
        var option = CommandOption.WithDefault(
            "--clusters",
            $"Number of clusters; '{Auto}' chooses it by how swaps within clusters change images; "
                + $"'{All}' makes each codeword its own cluster, for a plain model. Range: {Ranges.Clusters}.",
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
            result.AddError(isAuto ? "--clusters auto needs images: name them with --data." : "--data needs --clusters auto.");
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
        void Note(FormattableString text) => terminal.Error.WriteLine(FormattableString.Invariant(text));
        var (tokenizerPath, tokenizer) = source;
        using var study = new SwapStudy(tokenizer, swaps.Images(arguments, tokenizerPath, terminal, cancellation), arguments.GetValue(swaps.ImageCount));
        Note($"The tokenizer's own squared error on {study.ImageCount} images: {study.ReconstructionError:0.00000}.");
        return ClusterChoice.Choose(
            tokenizer, study, seed, result => Note($"{result.ClusterCount} clusters: swaps change images by {result.SquaredError:0.00000}."), cancellation);
    }
}
