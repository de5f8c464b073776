using System.CommandLine;
using CtfService.Model.Clusters;
using CtfService.Model.Tokenizer;
using CtfService.Training.Optimization;
using static TorchSharp.torch;

namespace CtfService.Cli.Commands;

/// <summary><c>ctf cluster</c>: groups the tokenizer's codewords by k-means.</summary>
internal static class ClusterCommand
{
    public static Command Create(Terminal terminal)
    {
        var runFolder = TrainingArguments.RunOption();
        var clusters = CommandOption.Count("--clusters", "Number of clusters.", 256);
        var seed = CommandOption.Seed();
        var command = new Command("cluster", "Groups the codewords of a trained tokenizer by k-means; prints JSON.") { runFolder, clusters, seed };
        command.SetAction((arguments, _) =>
        {
            var folder = new RunFolder(arguments.GetRequiredValue(runFolder));
            using var frozen = no_grad();
            using var tokenizer = ModelFile.Load<VqTokenizer, TokenizerConfig>(folder.Tokenizer, config => new VqTokenizer(config));
            using var codewords = tokenizer.Quantizer.Codewords();
            var map = ClusterMap.Compute(codewords, arguments.GetValue(clusters), arguments.GetValue(seed));
            map.Save(folder.ClusterMap);
            var sizes = map.Members.Select(members => members.Length).Order().ToList();
            ReportJson.Write(terminal.Output, new { map.CodebookSize, map.ClusterCount, SmallestCluster = sizes[0], MedianCluster = sizes[sizes.Count / 2], map.LargestCluster, File = folder.ClusterMap });
            return Task.FromResult(CommandLine.Success);
        });
        return command;
    }
}
