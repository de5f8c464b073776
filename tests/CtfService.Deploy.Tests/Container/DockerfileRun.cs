using System.Text.RegularExpressions;
using CtfService.TestSupport;

namespace CtfService.Deploy.Tests.Container;

/// <summary>
/// Executes the COPY and RUN instructions of the Dockerfile, each stage in a folder instead of a file system. Requires RUN instructions without absolute
/// paths, and the SDK of the base image on this machine.
/// </summary>
internal sealed class DockerfileRun(Dockerfile dockerfile, string folder)
{
    /// <summary>Builds a target and the stages it needs; returns the working folder of the target.</summary>
    public async Task<string> Build(string target)
    {
        var stage = dockerfile.Stage(target);
        foreach (var from in dockerfile.Lineage(stage).SelectMany(each => each.Copies).Select(copy => copy.From).OfType<string>().Distinct())
        {
            await Build(from);
        }

        var root = Root(target);
        var workingFolder = "/";
        foreach (var instruction in dockerfile.Lineage(stage).SelectMany(each => each.Instructions))
        {
            switch (instruction)
            {
                case { Name: "WORKDIR" }:
                    workingFolder = instruction.Arguments;
                    Directory.CreateDirectory(Inside(root, workingFolder));
                    break;
                case { Name: "COPY" }:
                    await Copy(DockerCopy.Parse(instruction.Arguments), root, Inside(root, workingFolder));
                    break;
                case { Name: "RUN" }:
                    await Run(instruction.Arguments, Inside(root, workingFolder));
                    break;
            }
        }

        return Inside(root, workingFolder);
    }

    private string Root(string stage) => Path.Combine(folder, stage);

    private static string Inside(string root, string path) => Path.Combine(root, path.TrimStart('/'));

    /// <summary>Copies like COPY: the content of a folder, not the folder itself.</summary>
    private async Task Copy(DockerCopy copy, string root, string workingFolder)
    {
        var from = copy.From is { } stage ? Root(stage) : RepositoryFolder.Root;
        var destination = copy.Destination.StartsWith('/') ? Inside(root, copy.Destination) : Path.Combine(workingFolder, copy.Destination);
        Directory.CreateDirectory(destination);
        foreach (var source in copy.Sources)
        {
            var path = Inside(from, source);
            await Run($"cp -a '{(Directory.Exists(path) ? Path.Combine(path, ".") : path)}' '{destination}'", workingFolder);
        }
    }

    private static async Task Run(string command, string workingFolder)
    {
        Assert.False(Regex.IsMatch(command, @"(^|\s)/(app|source)\b"), $"'{command}' contains a path that exists only in a container.");
        var run = await ProgramRun.Of("bash", ["-euo", "pipefail", "-c", command], workingFolder, InnerBuild.Environment);
        Assert.True(run.ExitCode == 0, $"{command}: {run}");
    }
}
