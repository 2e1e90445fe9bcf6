// An OPC UA server of the tests: node node_server.mjs '{"port": 4841, "folder": "/tmp/pki", ...}'. Unlike asyncua's
// server it samples, and keeps of an item as many values as the client asks for.

import { appendFileSync } from "node:fs";
import certificates from "node-opcua-certificate-manager";
import nodeOpcua from "node-opcua-server";
import variants from "node-opcua-variant";

const { OPCUACertificateManager } = certificates;
const { OPCUAServer } = nodeOpcua;
const { DataType } = variants;
const options = JSON.parse(process.argv[2]);

const manager = new OPCUACertificateManager({
    rootFolder: options.folder,
    automaticallyAcceptUnknownCertificate: true,
});
const server = new OPCUAServer({
    port: options.port,
    hostname: "127.0.0.1",
    serverCertificateManager: manager,
    userCertificateManager: manager,
    serverCapabilities: {
        operationLimits: { maxMonitoredItemsPerCall: 3, maxNodesPerRead: 4, maxNodesPerBrowse: 5 },
    },
});
await server.initialize();
const { addressSpace } = server.engine;
const space = addressSpace.getOwnNamespace();
const plant = space.addObject({ browseName: "Plant", organizedBy: addressSpace.rootFolder.objects });
const nodes = Array.from({ length: options.nodes }, (_, number) =>
    space.addVariable({
        componentOf: plant,
        browseName: `n${number}`,
        nodeId: `s=n${number}`,
        dataType: DataType.Double,
        minimumSamplingInterval: 50,
    }),
);
// A value to which no deadband applies.
space.addVariable({
    componentOf: plant,
    browseName: "flag",
    nodeId: "s=flag",
    dataType: DataType.Boolean,
    value: { dataType: DataType.Boolean, value: true },
});
if (options.history) {
    for (const node of nodes) {
        addressSpace.installHistoricalDataNode(node, { maxOnlineValues: 10_000 });
    }
}
await server.start();

// Samples are taken at the end of a turn of the event loop, and so are values written, after them: on a busy machine
// a late turn would else write a value over one that no sample has.
let counter = 0;
const write = () => {
    counter += 1;
    const now = new Date();
    for (const node of nodes) {
        node.setValueFromSource({ dataType: DataType.Double, value: counter }, undefined, now);
    }
    appendFileSync(options.log, `${now.getTime() * 1000} ${counter}\n`);
};
setInterval(() => setImmediate(write), 100);
process.stdout.write(`${JSON.stringify({ ready: true })}\n`);
